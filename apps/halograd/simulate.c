/* SPDX-License-Identifier: BSD-2-Clause */
#include "app.h"

typedef struct {
  char        problem[64], output[PETSC_MAX_PATH_LEN], dtype[16];
  PetscInt    dim, size[3], samples, seed; /* size: points in z, y, x */
  HGDType     stored;
  PetscBool   help;
  HGPhysics   physics;
  HGFieldFile file;
  PetscInt    a, u;
} Simulation;

/* "128", "128,64" or "128,64,32" */
static PetscErrorCode ReadGrid(Simulation *s, const char text[])
{
  long long n[3] = {1, 1, 1};
  char      rest;
  int       dim;

  PetscFunctionBegin;
  dim = sscanf(text, "%lld,%lld,%lld%c", &n[0], &n[1], &n[2], &rest);
  for (const char *c = text; *c; c++) {
    if (!strchr("0123456789,+-", *c)) dim = 0;
    if (*c == ',' && (!c[1] || !strchr("0123456789+-", c[1]))) dim = 0;
  }
  HGCheck(dim >= 1 && dim <= 3, PETSC_COMM_WORLD, "-grid %s: give one to three numbers x, or x,y, or x,y,z", text);
  for (int i = 0; i < dim; i++) {
    HGCheck(n[i] > 0, PETSC_COMM_WORLD, "-grid has %lld points in %c; give at least 1", n[i], "xyz"[i]);
    HGCheck(n[i] <= PETSC_MAX_INT, PETSC_COMM_WORLD, "-grid has %lld points in %c; this PETSc counts to %" PetscInt_FMT, n[i], "xyz"[i],
            PETSC_MAX_INT);
  }
  HGCheck((double)n[0] * (double)n[1] * (double)n[2] <= (double)PETSC_MAX_INT, PETSC_COMM_WORLD,
          "-grid %s has %g points; this PETSc counts to %" PetscInt_FMT ": give a smaller grid, or use a PETSc with 64-bit indices", text,
          (double)n[0] * (double)n[1] * (double)n[2], PETSC_MAX_INT);
  s->dim = dim;
  for (int a = 0; a < 3; a++) s->size[a] = (PetscInt)n[2 - a];
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode ReadOptions(Simulation *s)
{
  char grid[128] = "128,128";

  PetscFunctionBegin;
  *s = (Simulation){.problem = HGPHYSICSDARCY, .dtype = "f32", .samples = 64, .seed = 1, .help = s->help};
  PetscOptionsBegin(PETSC_COMM_WORLD, NULL, "halograd simulate", "");
  PetscCall(PetscOptionsString("-problem", "equation: advection_diffusion, allen_cahn, burgers, darcy, heat, navier_stokes, poisson, wave",
                               "HGPhysicsSetType", s->problem, s->problem, sizeof(s->problem), NULL));
  PetscCall(PetscOptionsString("-grid", "points in x, or x,y, or x,y,z", "HGPhysicsSetGrid", grid, grid, sizeof(grid), NULL));
  PetscCall(PetscOptionsInt("-samples", "number of samples", "", s->samples, &s->samples, NULL));
  PetscCall(PetscOptionsInt("-seed", "seed of the random fields", "HGPhysicsSampleInput", s->seed, &s->seed, NULL));
  PetscCall(PetscSNPrintf(s->output, sizeof(s->output), "%s.nc", s->problem));
  PetscCall(PetscOptionsString("-output", "netCDF file to write", "", s->output, s->output, sizeof(s->output), NULL));
  PetscCall(
      PetscOptionsString("-output_dtype", "type of the numbers in the file: f32 or f64", "", s->dtype, s->dtype, sizeof(s->dtype), NULL));
  PetscOptionsEnd();
  HGCheck(*s->output, PETSC_COMM_WORLD, "-output has no value; give the name of the file to write");
  PetscCall(ReadGrid(s, grid));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode CheckOptions(Simulation *s)
{
  PetscFunctionBegin;
  HGCheck(s->samples > 0, PETSC_COMM_WORLD, "-samples %" PetscInt_FMT ": give at least 1", s->samples);
  HGCheck(s->seed >= 0, PETSC_COMM_WORLD, "-seed %" PetscInt_FMT ": give zero or a positive number", s->seed);
  PetscCall(AppReadDType("-output_dtype", s->dtype, &s->stored));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Configure(Simulation *s)
{
  HGPhysicsType type;

  PetscFunctionBegin;
  PetscCall(ReadOptions(s));
  PetscCall(CheckOptions(s));
  PetscCall(HGPhysicsCreate(PETSC_COMM_WORLD, &s->physics));
  PetscCall(HGPhysicsSetType(s->physics, s->problem));
  PetscCall(HGPhysicsSetGrid(s->physics, s->dim, s->size));
  PetscCall(HGPhysicsSetFromOptions(s->physics));
  PetscCall(HGPhysicsGetType(s->physics, &type));
  PetscCall(PetscStrncpy(s->problem, type, sizeof(s->problem)));
  if (s->help)
    PetscCall(PetscPrintf(
        PETSC_COMM_WORLD,
        "The solver is a KSP for darcy (-ksp_type cg, -ksp_rtol 1e-10, -pc_type mg), a SNES for poisson, a TS for equations in time "
        "(-ts_type theta, one step -ts_dt of -physics_dt):\nall of PETSc's -ksp_, -pc_, -mg_levels_, -snes_, -ts_ and -da_ options\n"));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode AddField(Simulation *s, const char name[], const char text[], PetscInt channels, PetscInt *id)
{
  PetscFunctionBegin;
  PetscCall(HGFieldFileAddVariable(s->file, name, channels, s->stored, id));
  PetscCall(HGFieldFileSetVariableAttribute(s->file, *id, "long_name", text));
  PetscCall(HGFieldFileSetVariableAttribute(s->file, *id, "units", "1"));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode SetAxes(Simulation *s)
{
  PetscFunctionBegin;
  for (int a = 3 - (int)s->dim; a < 3; a++) {
    const PetscReal *x;
    char             name[] = {"zyx"[a], 0}, text[64];
    HGAxis           axis   = {.name = name, .units = "1", .long_name = text, .n = s->size[a]};

    PetscCall(HGPhysicsGetCoordinates(s->physics, 2 - a, &x));
    axis.value = (double *)x; /* copied */
    PetscCall(PetscSNPrintf(text, sizeof(text), "%s coordinate of cell centres", name));
    PetscCall(HGFieldFileSetAxis(s->file, a, &axis));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode CreateOutput(Simulation *s)
{
  const char *title, *input, *output;
  PetscInt    inputs, unknowns;
  char        number[32];

  PetscFunctionBegin;
  PetscCall(HGPhysicsGetDescription(s->physics, &title, &input, &output));
  PetscCall(HGPhysicsGetChannels(s->physics, &inputs, &unknowns));
  PetscCall(HGFieldFileCreate(PETSC_COMM_WORLD, s->output, &s->file));
  PetscCall(HGFieldFileSetSizes(s->file, s->dim, s->samples, s->size));
  PetscCall(SetAxes(s));
  PetscCall(HGFieldFileSetAttribute(s->file, "title", title));
  PetscCall(HGFieldFileSetAttribute(s->file, "halograd_problem", s->problem));
  PetscCall(PetscSNPrintf(number, sizeof(number), "%" PetscInt_FMT, s->seed));
  PetscCall(HGFieldFileSetAttribute(s->file, "halograd_seed", number));
  PetscCall(AddField(s, "a", input, inputs, &s->a));
  PetscCall(AddField(s, "u", output, unknowns, &s->u));
  PetscCall(HGFieldFileSetUp(s->file));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode RunSamples(Simulation *s, DM dm, Vec a, Vec u)
{
  HGProgress progress;
  PetscInt   iterations, sum = 0;
  char       note[64];

  PetscFunctionBegin;
  PetscCall(HGProgressBegin(&progress, PETSC_COMM_WORLD, "samples", 0, s->samples));
  for (PetscInt i = 0; i < s->samples; i++) {
    PetscCall(HGPhysicsSampleInput(s->physics, (uint64_t)s->seed, i, a));
    PetscCall(HGPhysicsSolve(s->physics, a, u));
    PetscCall(HGFieldFileWriteVec(s->file, s->a, i, dm, a));
    PetscCall(HGFieldFileWriteVec(s->file, s->u, i, dm, u));
    PetscCall(HGPhysicsGetIterations(s->physics, &iterations));
    sum += iterations;
    PetscCall(PetscSNPrintf(note, sizeof(note), "%.1f iterations each", (double)sum / (double)(i + 1)));
    PetscCall(HGProgressUpdate(&progress, i + 1, note));
  }
  PetscCall(HGProgressEnd(&progress));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Run(Simulation *s)
{
  PetscErrorCode e;
  PetscInt       unknowns;
  DM             dm;
  Vec            a, u;

  PetscFunctionBegin;
  PetscCall(HGPhysicsSetUp(s->physics));
  PetscCall(HGPhysicsGetChannels(s->physics, NULL, &unknowns));
  HGCheck(unknowns, PETSC_COMM_WORLD, "-problem %s: only a built-in equation can be simulated; use your own SNES", s->problem);
  PetscCall(PetscObjectViewFromOptions((PetscObject)s->physics, NULL, "-physics_view"));
  PetscCall(AppCheckOptions());
  PetscCall(CreateOutput(s));
  PetscCall(HGPhysicsGetDM(s->physics, &dm));
  PetscCall(DMCreateGlobalVector(dm, &a));
  PetscCall(VecDuplicate(a, &u));
  e = RunSamples(s, dm, a, u);
  if (e) {
    PetscCall(HGFieldFileDestroy(&s->file)); /* nothing half-written stays */
    PetscCall(e);
  }
  PetscCall(HGFieldFileClose(&s->file));
  PetscCall(
      PetscPrintf(PETSC_COMM_WORLD, "wrote %s: a and u, %" PetscInt_FMT " samples, %s\n", s->output, s->samples, HGDTypeName(s->stored)));
  PetscCall(VecDestroy(&a));
  PetscCall(VecDestroy(&u));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode AppSimulate(PetscBool help)
{
  Simulation s = {.help = help};

  PetscFunctionBegin;
  PetscCall(Configure(&s));
  if (!help) PetscCall(Run(&s));
  PetscCall(HGPhysicsDestroy(&s.physics));
  PetscFunctionReturn(PETSC_SUCCESS);
}
