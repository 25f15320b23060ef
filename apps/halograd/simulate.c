/* SPDX-License-Identifier: BSD-2-Clause */
#include "app.h"

typedef struct {
  const char *problem;
  char        output[PETSC_MAX_PATH_LEN];
  PetscInt    dim, size[3], samples, seed; /* size: points in z, y, x */
  HGDType     stored;
  PetscBool   help;
  HGPhysics   physics;
  HGFieldFile file;
  PetscInt    a, u;
} Simulation;

static PetscErrorCode CheckGrid(PetscInt dim, const PetscInt n[])
{
  const double points = (double)n[0] * (dim > 1 ? (double)n[1] : 1) * (dim > 2 ? (double)n[2] : 1);

  PetscFunctionBegin;
  HGCheck(points <= (double)PETSC_MAX_INT, PETSC_COMM_WORLD,
          "-grid has %g points; this PETSc counts to %" PetscInt_FMT ": give a smaller grid, or use a PETSc with 64-bit indices", points,
          PETSC_MAX_INT);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode ReadOptions(Simulation *s)
{
  PetscInt n[3] = {128, 128, 1}, dtype = HG_F32;

  PetscFunctionBegin;
  *s = (Simulation){.problem = HGPHYSICSDARCY, .dim = 2, .samples = 64, .seed = 1, .help = s->help};
  PetscCall(HGPhysicsCreate(PETSC_COMM_WORLD, &s->physics));
  PetscOptionsBegin(PETSC_COMM_WORLD, NULL, "halograd simulate", "");
  PetscCall(HGOptionsType(PetscOptionsObject, "-problem", "equation", "HGPhysicsSetType", HGPhysicsList, &s->problem, NULL));
  PetscCall(HGOptionsIntArray(PetscOptionsObject, "-grid", "points along x, or x,y, or x,y,z", "HGPhysicsSetGrid", 1, PETSC_MAX_INT, 1, 3,
                              n, &s->dim, NULL));
  PetscCall(HGOptionsInt(PetscOptionsObject, "-samples", "number of samples", "", 1, PETSC_MAX_INT, &s->samples, NULL));
  PetscCall(
      HGOptionsInt(PetscOptionsObject, "-seed", "seed of the random fields", "HGPhysicsSampleInput", 0, PETSC_MAX_INT, &s->seed, NULL));
  PetscCall(PetscSNPrintf(s->output, sizeof(s->output), "%s.nc", s->problem));
  PetscCall(HGOptionsPath(PetscOptionsObject, "-output", "netCDF file to write", "", s->output, NULL));
  PetscCall(HGOptionsChoice(PetscOptionsObject, "-output_dtype", "type of the numbers in the file", "", HGDTypes, 2, &dtype, NULL));
  PetscOptionsEnd();
  s->stored = (HGDType)dtype;
  PetscCall(CheckGrid(s->dim, n));
  for (int a = 0; a < 3; a++) s->size[a] = 2 - a < s->dim ? n[2 - a] : 1;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Configure(Simulation *s)
{
  PetscFunctionBegin;
  PetscCall(ReadOptions(s));
  PetscCall(HGPhysicsSetType(s->physics, s->problem));
  PetscCall(HGPhysicsSetGrid(s->physics, s->dim, s->size));
  PetscCall(HGPhysicsSetFromOptions(s->physics));
  PetscCall(HGPhysicsGetType(s->physics, &s->problem));
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
  PetscCall(AppCheckOptions());
  PetscCall(HGPhysicsSetUp(s->physics));
  PetscCall(HGPhysicsGetChannels(s->physics, NULL, &unknowns));
  HGCheck(unknowns, PETSC_COMM_WORLD, "-problem %s: only a built-in equation can be simulated; use your own SNES", s->problem);
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

PetscErrorCode AppSimulate(const char word[], PetscBool help)
{
  Simulation s = {.help = help};

  PetscFunctionBegin;
  (void)word;
  PetscCall(Configure(&s));
  if (!help) PetscCall(Run(&s));
  PetscCall(HGPhysicsDestroy(&s.physics));
  PetscFunctionReturn(PETSC_SUCCESS);
}
