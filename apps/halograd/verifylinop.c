/* SPDX-License-Identifier: BSD-2-Clause */
/* halograd verify -linop_type TYPE: the adjoint test of an operator of the user's sizes on the user's layout. */
#include "app.h"

typedef struct {
  HGLinOp     op;
  HGTensor    x, y;
  const char *type;
  PetscInt    dim, size[2][HG_AXES], parts[2][HG_AXES], halo[6], nhalo, seed;
  PetscBool   given_parts[2], copies[HG_AXES];
  HGDType     dtype;
} Verification;

static PetscBool Is(const Verification *v, const char type[])
{
  return !strcmp(v->type, type) ? PETSC_TRUE : PETSC_FALSE;
}

/* Made of other operators: tested with halos for them */
static PetscBool IsCombined(const Verification *v)
{
  return Is(v, HGLINOPCOMPOSE) || Is(v, HGLINOPSUM) || Is(v, HGLINOPADJOINT) || Is(v, HGLINOPSCALE) ? PETSC_TRUE : PETSC_FALSE;
}

PetscErrorCode AppIsLinOp(PetscBool *is)
{
  PetscFunctionBegin;
  PetscCall(PetscOptionsHasName(NULL, NULL, "-linop_type", is));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode ReadCopies(const char axes[], PetscBool copies[HG_AXES])
{
  static const char names[] = "nczyx";

  PetscFunctionBegin;
  for (const char *c = axes; *c; c++) {
    const char *at = strchr(names, *c);

    HGCheck(at, PETSC_COMM_WORLD, "there is no axis %c; -linop_axes takes letters of nczyx", *c);
    copies[at - names] = PETSC_TRUE;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Numbers n,c,z,y,x of domain and range */
static PetscErrorCode ReadAxes(HGOptionItems PetscOptionsObject, Verification *v, PetscBool *set_size)
{
  PetscInt n = HG_AXES, none = 0;

  PetscFunctionBegin;
  PetscCall(HGOptionsIntArray(PetscOptionsObject, "-linop_size", "global sizes of the domain, n,c,z,y,x", "", 1, PETSC_MAX_INT, HG_AXES,
                              HG_AXES, v->size[0], &n, NULL));
  PetscCall(HGOptionsIntArray(PetscOptionsObject, "-linop_size_y", "global sizes of the range, n,c,z,y,x (default: those of the domain)",
                              "", 1, PETSC_MAX_INT, HG_AXES, HG_AXES, v->size[1], &none, set_size));
  none = 0;
  PetscCall(HGOptionsIntArray(PetscOptionsObject, "-linop_parts", "parts of the domain, n,c,z,y,x (default: chosen by type)", "", -1,
                              PETSC_MAX_INT, HG_AXES, HG_AXES, v->parts[0], &none, &v->given_parts[0]));
  none = 0;
  PetscCall(HGOptionsIntArray(PetscOptionsObject, "-linop_parts_y", "parts of the range, n,c,z,y,x (default: chosen by type)", "", -1,
                              PETSC_MAX_INT, HG_AXES, HG_AXES, v->parts[1], &none, &v->given_parts[1]));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Configure(Verification *v)
{
  const char *axes = "x";
  PetscBool   set_size;

  PetscFunctionBegin;
  *v = (Verification){.type = HGLINOPHALO, .dim = 2, .size = {{1, 2, 1, 16, 16}}, .halo = {1}, .nhalo = 1, .seed = 1};
  PetscCall(HGGetDType(&v->dtype));
  PetscCall(HGLinOpCreate(PETSC_COMM_WORLD, &v->op));
  PetscOptionsBegin(PETSC_COMM_WORLD, NULL, "halograd verify -linop_type", "");
  PetscCall(ReadAxes(PetscOptionsObject, v, &set_size));
  PetscCall(HGOptionsIntArray(PetscOptionsObject, "-linop_halo",
                              "halo: ghost points below and above along z,y,x, six numbers, or one for all", "", 0, PETSC_MAX_INT, 1, 6,
                              v->halo, &v->nhalo, NULL));
  PetscCall(HGOptionsString(PetscOptionsObject, "-linop_axes", "collectives: letters of the axes whose parts are copies, of nczyx", "",
                            &axes, NULL));
  PetscCall(HGOptionsInt(PetscOptionsObject, "-seed", "seed of the arguments", "", PETSC_MIN_INT, PETSC_MAX_INT, &v->seed, NULL));
  PetscOptionsEnd();
  PetscCall(HGOptionsGetString("-linop_type", &v->type, NULL)); /* listed by the operator */
  if (!set_size) PetscCall(PetscArraycpy(v->size[1], v->size[0], HG_AXES));
  PetscCall(ReadCopies(axes, v->copies));
  HGCheck(v->nhalo == 1 || v->nhalo == 6, PETSC_COMM_WORLD, "-linop_halo has %" PetscInt_FMT " numbers; give one, or six", v->nhalo);
  for (int i = 1; i < 6 && v->nhalo == 1; i++) v->halo[i] = v->halo[0];
  v->dim = PetscMax(v->size[0][HG_Z], v->size[1][HG_Z]) > 1 ? 3 : PetscMax(v->size[0][HG_Y], v->size[1][HG_Y]) > 1 ? 2 : 1;
  PetscCall(HGLinOpSetType(v->op, v->type));
  HGCheck(!Is(v, HGLINOPSHELL), PETSC_COMM_WORLD, "a shell operator is a program's own functions: test it there with HGLinOpTestAdjoint()");
  PetscCall(HGLinOpSetFromOptions(v->op));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Without word from the user: space divided, differently after a repartition; one part or copies where the type asks for them */
static PetscErrorCode ChooseParts(const Verification *v, int range, PetscInt parts[HG_AXES], PetscBool copies[HG_AXES])
{
  const PetscBool single = (Is(v, HGLINOPSCATTER) || Is(v, HGLINOPBROADCAST)) && !range ? PETSC_TRUE
                           : (Is(v, HGLINOPGATHER) || Is(v, HGLINOPSUMREDUCE)) && range ? PETSC_TRUE
                                                                                        : PETSC_FALSE;
  const PetscBool copied =
      Is(v, HGLINOPALLSUMREDUCE) || (Is(v, HGLINOPBROADCAST) && range) || (Is(v, HGLINOPSUMREDUCE) && !range) ? PETSC_TRUE : PETSC_FALSE;
  PetscMPIInt ranks;
  PetscBool   placed = PETSC_FALSE;

  PetscFunctionBegin;
  PetscCallMPI(MPI_Comm_size(PETSC_COMM_WORLD, &ranks));
  for (int a = 0; a < HG_AXES; a++) copies[a] = copied ? v->copies[a] : PETSC_FALSE;
  if (v->given_parts[range]) PetscCall(PetscArraycpy(parts, v->parts[range], HG_AXES));
  else {
    for (int a = 0; a < HG_AXES; a++) parts[a] = a < HG_Z || single || copied ? 1 : PETSC_DECIDE;
    for (int a = HG_AXES - 1; a >= 0 && copied && !placed; a--) {
      if (!copies[a]) continue;
      parts[a] = ranks;
      placed   = PETSC_TRUE;
    }
    if (Is(v, HGLINOPREPARTITION) && range)
      for (int a = HG_Z; a < HG_AXES; a++) parts[a] = a == HG_X ? ranks : 1;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode MakeTensor(const Verification *v, int range, HGTensor *t)
{
  HGPartition p;
  PetscInt    parts[HG_AXES], n = 1, halo[3][2] = {{0}};
  PetscBool   copies[HG_AXES], ghosts = range && (Is(v, HGLINOPHALO) || IsCombined(v)) ? PETSC_TRUE : PETSC_FALSE;
  PetscMPIInt ranks, *rank;

  PetscFunctionBegin;
  PetscCallMPI(MPI_Comm_size(PETSC_COMM_WORLD, &ranks));
  PetscCall(ChooseParts(v, range, parts, copies));
  PetscCall(HGPartitionCreate(PETSC_COMM_WORLD, &p));
  PetscCall(HGPartitionSetSizes(p, v->dim, v->size[range]));
  PetscCall(HGPartitionSetParts(p, parts));
  for (int a = 0; a < HG_AXES; a++) {
    if (copies[a]) PetscCall(HGPartitionSetReplicated(p, a, PETSC_TRUE));
    n *= parts[a];
  }
  if (Is(v, HGLINOPSENDRECV) && n < 0) n = ranks;
  if (n > 0 && (n < ranks || Is(v, HGLINOPSENDRECV))) { /* the last ranks have nothing; what is sent goes to the next rank */
    PetscCall(PetscMalloc1(n, &rank));
    for (PetscInt i = 0; i < n; i++) rank[i] = (PetscMPIInt)(range && Is(v, HGLINOPSENDRECV) ? (i + 1) % ranks : i);
    PetscCall(HGPartitionSetRanks(p, n, rank));
    PetscCall(PetscFree(rank));
  }
  PetscCall(HGPartitionSetUp(p));
  PetscCall(HGTensorCreate(p, v->dtype, t));
  for (int a = 0; a < 3; a++)
    for (int s = 0; s < 2; s++) halo[a][s] = ghosts && a >= 3 - v->dim ? v->halo[2 * a + s] : 0;
  PetscCall(HGTensorSetHalo(*t, (const PetscInt(*)[2])halo));
  PetscCall(HGTensorSetUp(*t));
  PetscCall(HGPartitionDestroy(&p));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The first half of the longest axis is moved to the second */
static PetscErrorCode SetHalves(Verification *v)
{
  HGBox a       = {{0}, {0}}, b;
  int   longest = 0;

  PetscFunctionBegin;
  for (int k = 0; k < HG_AXES; k++) {
    a.size[k] = v->size[0][k];
    if (v->size[0][k] > v->size[0][longest]) longest = k;
  }
  HGCheck(a.size[longest] > 1, PETSC_COMM_WORLD, "%s needs a tensor of at least 2 points", v->type);
  a.size[longest] /= 2;
  b                = a;
  b.start[longest] = v->size[0][longest] - b.size[longest];
  PetscCall(HGLinOpSetBoxes(v->op, &a, &b));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode SetHalos(Verification *v)
{
  HGLinOp halo[2];

  PetscFunctionBegin;
  PetscCall(HGLinOpCreate(PETSC_COMM_WORLD, &halo[0]));
  PetscCall(HGLinOpSetFromOptions(halo[0]));
  PetscCall(HGLinOpSetType(halo[0], HGLINOPHALO));
  PetscCall(HGLinOpSetTensors(halo[0], v->x, v->y));
  PetscCall(HGLinOpCreate(PETSC_COMM_WORLD, &halo[1]));
  PetscCall(HGLinOpSetType(halo[1], Is(v, HGLINOPCOMPOSE) ? HGLINOPADJOINT : HGLINOPSCALE));
  PetscCall(HGLinOpSetScale(halo[1], 2.5));
  PetscCall(HGLinOpSetOperators(halo[1], 1, halo));
  PetscCall(HGLinOpSetOperators(v->op, Is(v, HGLINOPCOMPOSE) || Is(v, HGLINOPSUM) ? 2 : 1, halo));
  for (int i = 0; i < 2; i++) PetscCall(HGLinOpDestroy(&halo[i]));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Test(Verification *v, PetscBool *ok)
{
  const double eps = v->dtype == HG_F32 ? 1.1920929e-7 : 2.220446049250313e-16;
  PetscReal    error;
  PetscInt     messages;
  PetscInt64   bytes;

  PetscFunctionBegin;
  PetscCall(MakeTensor(v, 0, &v->x));
  PetscCall(MakeTensor(v, 1, &v->y));
  if (IsCombined(v)) PetscCall(SetHalos(v));
  else PetscCall(HGLinOpSetTensors(v->op, v->x, v->y));
  if (Is(v, HGLINOPCLEAR) || Is(v, HGLINOPADD) || Is(v, HGLINOPCOPY) || Is(v, HGLINOPMOVE)) PetscCall(SetHalves(v));
  PetscCall(HGLinOpSetUp(v->op));
  PetscCall(HGLinOpTestAdjoint(v->op, (uint64_t)v->seed, &error));
  PetscCall(HGLinOpGetTraffic(v->op, &messages, &bytes));
  *ok = error < 100 * eps ? PETSC_TRUE : PETSC_FALSE;
  PetscCall(PetscPrintf(PETSC_COMM_WORLD,
                        "verify linop=%s dtype=%s adjoint_error=%.3g eps=%.3g messages=%" PetscInt_FMT " bytes=%" PetscInt64_FMT " %s\n",
                        v->type, HGDTypeName(v->dtype), (double)error, eps, messages, bytes, *ok ? "ok" : "FAILED"));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode AppVerifyLinOp(const char word[], PetscBool help)
{
  Verification v;
  PetscBool    ok = PETSC_TRUE;

  PetscFunctionBegin;
  (void)word;
  PetscCall(Configure(&v));
  if (!help) {
    PetscCall(AppCheckOptions());
    PetscCall(Test(&v, &ok));
  }
  PetscCall(HGLinOpDestroy(&v.op));
  PetscCall(HGTensorDestroy(&v.x));
  PetscCall(HGTensorDestroy(&v.y));
  HGCheck(ok, PETSC_COMM_WORLD, "the adjoint test of %s failed: its error is above 100 eps", v.type);
  PetscFunctionReturn(PETSC_SUCCESS);
}
