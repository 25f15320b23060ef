/* SPDX-License-Identifier: BSD-2-Clause */
/* Numbers and names of options: each text is taken as it reads or refused, on all ranks, with the option, its value and what is allowed */
#include "../data/bad_input.h"
#include <float.h>
#include <string.h>

static int failures;

#define Expect(condition)                                  \
  do {                                                     \
    if (!(condition)) {                                    \
      (void)printf("line %d: %s\n", __LINE__, #condition); \
      failures++;                                          \
    }                                                      \
  } while (0)

static PetscBool IsInt(const char text[], PetscInt64 lowest, PetscInt64 highest, PetscInt64 expected)
{
  PetscInt64 n;

  return HGParseInt(text, strlen(text), lowest, highest, &n) && n == expected ? PETSC_TRUE : PETSC_FALSE;
}

static void TestInt(void)
{
  static const char *const wrong[] = {"",
                                      "-",
                                      "+",
                                      " 1",
                                      "1 ",
                                      "1e3",
                                      "0x10",
                                      "1.",
                                      "1.0",
                                      "a",
                                      "1,2",
                                      "--1",
                                      "+-1",
                                      "1_",
                                      "nan",
                                      "inf",
                                      "1k",
                                      "9223372036854775808",
                                      "-9223372036854775809",
                                      "99999999999999999999999999"};
  PetscInt64               n;

  Expect(IsInt("0", 0, 9, 0) && IsInt("-0", 0, 9, 0) && IsInt("+7", 0, 9, 7) && IsInt("007", 0, 9, 7) && IsInt("-3", -3, 9, -3));
  Expect(IsInt("9223372036854775807", 0, INT64_MAX, INT64_MAX) && IsInt("-9223372036854775808", INT64_MIN, 0, INT64_MIN));
  Expect(IsInt("4294967297", 0, INT64_MAX, 4294967297));
  Expect(!IsInt("10", 0, 9, 10) && !IsInt("-1", 0, 9, -1) && !IsInt("4294967297", 0, PETSC_MAX_INT - 1, 1));
  for (size_t i = 0; i < PETSC_STATIC_ARRAY_LENGTH(wrong); i++) {
    if (!HGParseInt(wrong[i], strlen(wrong[i]), INT64_MIN, INT64_MAX, &n)) continue;
    (void)printf("\"%s\" is taken for the whole number %" PetscInt64_FMT "\n", wrong[i], n);
    failures++;
  }
  Expect(HGParseInt("12,34", 2, 0, 99, &n) && n == 12); /* no further than it is told */
}

static PetscBool IsReal(const char text[], PetscReal lowest, PetscReal highest, PetscReal expected)
{
  PetscReal x;

  return HGParseReal(text, strlen(text), lowest, highest, &x) && x == expected ? PETSC_TRUE : PETSC_FALSE;
}

static void TestReal(void)
{
  static const char *const wrong[] = {"",     "-",    "e5",    "1e",  "1e400", "-1e400", "1e-400", "nan", "inf",   "-inf",
                                      "0x10", "1d-3", "1.2.3", "1,5", "1e5x",  " 1",     "1 ",     "--1", "1e+-3", "infinity"};
  PetscReal                x;
  char                     digits[2000];

  Expect(IsReal("1e-3", 0, 1, 1e-3) && IsReal(".5", 0, 1, .5) && IsReal("5.", 0, 9, 5) && IsReal("+1E2", 0, 100, 100) &&
         IsReal("-0", 0, 0, 0));
  Expect(IsReal("1e308", 0, DBL_MAX, 1e308) && IsReal("1e-310", HG_POSITIVE, 1, 1e-310) && IsReal("0e-999", 0, 0, 0));
  Expect(!IsReal("0", HG_POSITIVE, 1, 0) && !IsReal("1.5", 0, 1, 1.5));
  for (size_t i = 0; i < PETSC_STATIC_ARRAY_LENGTH(wrong); i++) {
    if (!HGParseReal(wrong[i], strlen(wrong[i]), -DBL_MAX, DBL_MAX, &x)) continue;
    (void)printf("\"%s\" is taken for the number %g\n", wrong[i], (double)x);
    failures++;
  }
  (void)memset(digits, '0', sizeof(digits));
  (void)memcpy(digits, "1.", 2);
  digits[sizeof(digits) - 1] = 0;
  Expect(IsReal(digits, 0, 2, 1));
}

static PetscErrorCode TestNearest(void)
{
  static const char *const names[] = {"train_epochs", "train_batch_size", "net_width", "net_depth", "tao_adam_lr", "predict_batch_size"};
  static const struct {
    const char *given;
    PetscInt    meant;
  } test[] = {{"train_epoch", 0}, {"epochs", 0},   {"Train_Epochs", 0},      {"train-epochs", 0}, {"batch_size", 1},
              {"net_widht", 2},   {"net_with", 2}, {"netwidth", 2},          {"net_dpeth", 3},    {"lr", 4},
              {"tao_lr", -1},     {"zzz", -1},     {"predict_batchsize", 5}, {"net_widths", 2},   {"", -1}};

  PetscFunctionBegin;
  for (size_t i = 0; i < PETSC_STATIC_ARRAY_LENGTH(test); i++) {
    PetscInt nearest;

    PetscCall(HGNamesNearest(test[i].given, PETSC_STATIC_ARRAY_LENGTH(names), names, &nearest));
    if (nearest == test[i].meant) continue;
    (void)printf("\"%s\" is taken for \"%s\"\n", test[i].given, nearest < 0 ? "none" : names[nearest]);
    failures++;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* What the options are read into, with the prefix o_ */
typedef struct {
  PetscInt    n, list[3], count, range[2], choice;
  PetscInt64  large;
  PetscReal   x, reals[2];
  PetscInt    nreals;
  PetscBool   flag, set;
  const char *text;
  char        path[PETSC_MAX_PATH_LEN];
} Values;

static PetscErrorCode Read(Values *v)
{
  static const char *const choices[] = {"zeros", "periodic", "reflect"};

  PetscFunctionBegin;
  *v = (Values){.n = 5, .list = {1, 2, 3}, .count = 3, .large = 6, .x = 0.5, .nreals = 2, .text = "default", .path = "file"};
  PetscOptionsBegin(PETSC_COMM_WORLD, "o_", "Test", "");
  PetscCall(HGOptionsInt(PetscOptionsObject, "-n", "number", "", 1, PETSC_MAX_INT, &v->n, &v->set));
  PetscCall(HGOptionsInt64(PetscOptionsObject, "-large", "large number", "", 0, INT64_MAX, &v->large, NULL));
  PetscCall(HGOptionsReal(PetscOptionsObject, "-x", "number", "", HG_POSITIVE, PETSC_MAX_REAL, &v->x, NULL));
  PetscCall(HGOptionsBool(PetscOptionsObject, "-flag", "flag", "", &v->flag, NULL));
  PetscCall(HGOptionsIntArray(PetscOptionsObject, "-list", "numbers", "", 0, PETSC_MAX_INT, 2, 3, v->list, &v->count, NULL));
  PetscCall(HGOptionsRealArray(PetscOptionsObject, "-reals", "numbers", "", 0, PETSC_MAX_REAL, 1, 2, v->reals, &v->nreals, NULL));
  PetscCall(HGOptionsRange(PetscOptionsObject, "-range", "samples", "", v->range, NULL));
  PetscCall(HGOptionsChoice(PetscOptionsObject, "-choice", "padding", "", choices, 3, &v->choice, NULL));
  PetscCall(HGOptionsString(PetscOptionsObject, "-text", "text", "", &v->text, NULL));
  PetscCall(HGOptionsPath(PetscOptionsObject, "-path", "file to write", "", v->path, NULL));
  PetscOptionsEnd();
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Set(const char name[], const char value[], Values *v)
{
  PetscFunctionBegin;
  PetscCall(PetscOptionsSetValue(NULL, name, value));
  PetscCall(Read(v));
  PetscCall(PetscOptionsClearValue(NULL, name));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode TestTaken(void)
{
  Values v;
  char   text[3000];

  PetscFunctionBegin;
  PetscCall(Read(&v));
  Expect(v.n == 5 && !v.set && v.large == 6 && v.x == 0.5 && v.count == 3 && v.list[2] == 3 && !strcmp(v.text, "default"));
  PetscCall(Set("-o_n", "12", &v));
  Expect(v.n == 12 && v.set);
  PetscCall(Set("-O_N", "12", &v)); /* PETSc's names have no case */
  Expect(v.n == 12);
  PetscCall(Set("-o_large", "4294967297", &v));
  Expect(v.large == 4294967297);
  PetscCall(Set("-o_x", "1e-3", &v));
  Expect(v.x == 1e-3);
  PetscCall(Set("-o_flag", NULL, &v));
  Expect(v.flag);
  PetscCall(Set("-o_flag", "Off", &v));
  Expect(!v.flag);
  PetscCall(Set("-o_list", "8,9", &v));
  Expect(v.count == 2 && v.list[0] == 8 && v.list[1] == 9);
  PetscCall(Set("-o_reals", "2.5", &v));
  Expect(v.nreals == 1 && v.reals[0] == 2.5);
  PetscCall(Set("-o_range", "8,9", &v));
  Expect(v.range[0] == 8 && v.range[1] == 9);
  PetscCall(Set("-o_choice", "Reflect", &v));
  Expect(v.choice == 2);
  PetscCall(Set("-o_path", "/other", &v));
  Expect(!strcmp(v.path, "/other"));
  (void)memset(text, 'v', sizeof(text) - 1);
  text[sizeof(text) - 1] = 0;
  PetscCall(PetscOptionsSetValue(NULL, "-o_text", text));
  PetscCall(Read(&v));
  Expect(!strcmp(v.text, text));
  PetscCall(PetscOptionsClearValue(NULL, "-o_text"));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Refused(const char name[], const char value[], const char words[])
{
  Values v;

  PetscFunctionBegin;
  PetscCall(PetscOptionsSetValue(NULL, name, value));
  ExpectError(Read(&v), words);
  PetscCall(PetscOptionsClearValue(NULL, name));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode TestRefused(void)
{
  char path[PETSC_MAX_PATH_LEN + 10];

  PetscFunctionBegin;
  PetscCall(Refused("-o_n", "0", "-o_n 0: give a whole number, 1 or more (number)"));
  PetscCall(Refused("-o_n", "-3", "-o_n -3: give a whole number, 1 or more (number)"));
  PetscCall(Refused("-o_n", "1e3", "-o_n 1e3: give a whole number, 1 or more (number)"));
  PetscCall(Refused("-o_n", NULL, "-o_n has no value; give a whole number, 1 or more (number)"));
  PetscCall(Refused("-o_n", "", "-o_n has no value"));
  if (sizeof(PetscInt) == 4)
    PetscCall(Refused("-o_n", "4294967297", "-o_n 4294967297: this number is too large|1 or more, at most 2147483647"));
  PetscCall(
      Refused("-o_large", "99999999999999999999", "-o_large 99999999999999999999: this number is too large|at most 9223372036854775807"));
  PetscCall(Refused("-o_x", "nan", "-o_x nan: give a positive number"));
  PetscCall(Refused("-o_x", "0", "-o_x 0: give a positive number"));
  PetscCall(Refused("-o_x", "1e400", "-o_x 1e400: this number is beyond double precision"));
  PetscCall(Refused("-o_x", "1e-400", "-o_x 1e-400: this number is beyond double precision"));
  PetscCall(Refused("-o_flag", "maybe", "-o_flag maybe: give true or false"));
  PetscCall(Refused("-o_list", "1,2,", "-o_list 1,2,: give 2 to 3 numbers with commas between them, each a whole number, 0 or more"));
  PetscCall(Refused("-o_list", "1", "-o_list 1: give 2 to 3 numbers"));
  PetscCall(Refused("-o_list", "1,2,3,4", "-o_list 1,2,3,4: give 2 to 3 numbers"));
  PetscCall(Refused("-o_list", "1,,3", "-o_list 1,,3: give 2 to 3 numbers"));
  PetscCall(Refused("-o_list", "a,b", "-o_list a,b: give 2 to 3 numbers"));
  PetscCall(Refused("-o_reals", "1,x", "-o_reals 1,x: give 1 to 2 numbers"));
  PetscCall(Refused("-o_range", "8,9,10", "-o_range 8,9,10: give two whole numbers first,last with 0 <= first < last"));
  PetscCall(Refused("-o_range", "9", "-o_range 9: give two whole numbers"));
  PetscCall(Refused("-o_range", "5,5", "-o_range 5,5: give two whole numbers"));
  PetscCall(Refused("-o_range", "-5,-2", "-o_range -5,-2: give two whole numbers"));
  PetscCall(Refused("-o_choice", "refelct", "-o_choice refelct: did you mean reflect? There are: zeros, periodic, reflect"));
  PetscCall(Refused("-o_choice", "wall", "-o_choice wall: give one of: zeros, periodic, reflect"));
  PetscCall(Refused("-o_text", NULL, "-o_text has no value; give one: text"));
  PetscCall(Refused("-o_path", NULL, "-o_path has no value; give one: file to write"));
  (void)memset(path, 'p', sizeof(path) - 1);
  path[sizeof(path) - 1] = 0;
  PetscCall(Refused("-o_path", path, "-o_path: this name of a file has 4105 characters; give one of at most 4095"));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The arguments of this program, as tests/sys/Makefile.am gives them */
static PetscErrorCode TestArguments(void)
{
  static const char *const names[]  = {"-double", "-equals", "-both", "-negative", "-list"};
  static const char *const values[] = {"1", "a=b", "2", "-1.5", "1,2"};
  HGOptionSource           source;
  const char              *where;

  PetscFunctionBegin;
  for (size_t i = 0; i < PETSC_STATIC_ARRAY_LENGTH(names); i++) {
    const char *text = "";

    PetscCall(HGOptionsGetString(names[i], &text, NULL));
    if (!strcmp(text, values[i])) continue;
    (void)printf("%s is \"%s\", not \"%s\"\n", names[i], text, values[i]);
    failures++;
  }
  PetscCall(HGOptionsGetSource("double", &source, &where));
  Expect(source == HG_SOURCE_ARGUMENTS && !*where);
  PetscCall(HGOptionsGetSource("nowhere", &source, &where));
  Expect(source == HG_SOURCE_CODE);
  PetscFunctionReturn(PETSC_SUCCESS);
}

int main(int argc, char **argv)
{
  PetscCall(HGInitialize(&argc, &argv, NULL, NULL));
  TestInt();
  TestReal();
  PetscCall(TestNearest());
  PetscCall(TestTaken());
  PetscCall(TestRefused());
  PetscCall(TestArguments());
  PetscCall(HGFinalize());
  return failures > 0;
}
