/* SPDX-License-Identifier: BSD-2-Clause */
/*
   Which dimension of a variable counts samples, which become channels, which are space. What a dimension is, the attributes of its coordinate variable
   say by the CF conventions (axis, units, standard_name, positive); without them its name does.
*/
#include "data/dimension.h"
#include <ctype.h>
#include <string.h>

/* Whether a text is one of the words, in any case, which are separated by blanks; behind a * in a word digits and underscores may follow */
static PetscBool IsOneOf(const char text[], const char words[])
{
  for (const char *w = words; *w; w += strcspn(w, " "), w += strspn(w, " ")) {
    const char *t = text, *c = w;

    while (*t && tolower((unsigned char)*t) == *c) t++, c++;
    if (*c == '*') {
      c++;
      t += strspn(t, "0123456789_");
    }
    if (!*t && (!*c || *c == ' ')) return PETSC_TRUE;
  }
  return PETSC_FALSE;
}

static HGDimKind KindOfName(const char name[])
{
  if (IsOneOf(name, "sample* samples batch case cases record records instance instances idx index nsamples n_samples"))
    return HG_DIM_SAMPLE;
  if (IsOneOf(name, "time* times t valid_time* forecast_reference_time* reference_time reftime* ref_time init_time* initial_time* "
                    "initial_time0_hours "
                    "init analysis_time base_time date dates datetime"))
    return HG_DIM_TIME;
  if (IsOneOf(name,
              "step steps lead lead_time* leadtime* forecast_period* forecast_time* forecast_hour* fhour prediction_timedelta timedelta"))
    return HG_DIM_LEAD;
  if (IsOneOf(name, "member* members ens ensemble* number realization* realisation*")) return HG_DIM_MEMBER;
  if (IsOneOf(name, "channel* channels ch c component* components comp variable variables feature* features band* bands"))
    return HG_DIM_CHANNEL;
  if (!strncmp(name, "channel_", 8)) return HG_DIM_CHANNEL;
  if (IsOneOf(name,
              "x* lon* longitude* rlon easting projection_x_coordinate grid_longitude west_east west_east_stag nx nlon i ni xi_rho xc"))
    return HG_DIM_X;
  if (IsOneOf(name,
              "y* lat* latitude* rlat northing projection_y_coordinate grid_latitude south_north south_north_stag ny nlat j nj eta_rho yc"))
    return HG_DIM_Y;
  if (IsOneOf(name, "z* lev* level* levels plev* pressure* pressure_level isobaric* depth* height* altitude* bottom_top bottom_top_stag "
                    "s_rho nz nlev zc"))
    return HG_DIM_Z;
  return HG_DIM_UNKNOWN;
}

static HGDimKind KindOfStandardName(const char name[])
{
  if (IsOneOf(name, "time forecast_reference_time")) return HG_DIM_TIME;
  if (IsOneOf(name, "forecast_period")) return HG_DIM_LEAD;
  if (IsOneOf(name, "realization")) return HG_DIM_MEMBER;
  if (IsOneOf(name, "longitude grid_longitude projection_x_coordinate projection_x_angular_coordinate")) return HG_DIM_X;
  if (IsOneOf(name, "latitude grid_latitude projection_y_coordinate projection_y_angular_coordinate")) return HG_DIM_Y;
  if (IsOneOf(name,
              "altitude height depth air_pressure atmosphere_sigma_coordinate atmosphere_hybrid_sigma_pressure_coordinate "
              "atmosphere_hybrid_height_coordinate ocean_sigma_coordinate ocean_s_coordinate ocean_s_coordinate_g1 ocean_s_coordinate_g2 "
              "height_above_geopotential_datum height_above_mean_sea_level model_level_number"))
    return HG_DIM_Z;
  return HG_DIM_UNKNOWN;
}

static HGDimKind KindOfUnits(const char units[])
{
  for (const char *c = units; *c; c++)
    if (!strncmp(c, " since ", 7)) return HG_DIM_TIME;
  if (IsOneOf(units, "degrees_north degree_north degree_n degrees_n degreen degreesn")) return HG_DIM_Y;
  if (IsOneOf(units, "degrees_east degree_east degree_e degrees_e degreee degreese")) return HG_DIM_X;
  if (IsOneOf(units, "pa hpa kpa mbar millibar millibars bar decibar dbar level layer sigma_level")) return HG_DIM_Z;
  return HG_DIM_UNKNOWN;
}

static HGDimKind KindOfAxis(const char axis[])
{
  static const HGDimKind kinds[] = {HG_DIM_TIME, HG_DIM_Z, HG_DIM_Y, HG_DIM_X};
  const char            *at      = *axis && !axis[1] ? strchr("TZYX", toupper((unsigned char)*axis)) : NULL;

  return at ? kinds[at - "TZYX"] : HG_DIM_UNKNOWN;
}

static HGDimKind KindOfPositive(const char positive[])
{
  return IsOneOf(positive, "up down") ? HG_DIM_Z : HG_DIM_UNKNOWN;
}

/* By the attributes of its coordinate variable */
static PetscErrorCode KindOfCoordinate(int nc, int id, HGDimKind *kind)
{
  static const struct {
    const char *attribute;
    HGDimKind (*kind)(const char[]);
  } sources[] = {{"axis", KindOfAxis}, {"standard_name", KindOfStandardName}, {"units", KindOfUnits}, {"positive", KindOfPositive}};

  PetscFunctionBegin;
  *kind = HG_DIM_UNKNOWN;
  for (size_t i = 0; i < PETSC_STATIC_ARRAY_LENGTH(sources) && *kind == HG_DIM_UNKNOWN; i++) {
    char *text;

    PetscCall(HGAttributeReadText(nc, id, sources[i].attribute, &text));
    *kind = (*sources[i].kind)(text);
    PetscCall(PetscFree(text));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode IsSince(int nc, int id, PetscBool *since)
{
  char *units;

  PetscFunctionBegin;
  PetscCall(HGAttributeReadText(nc, id, "units", &units));
  *since = KindOfUnits(units) == HG_DIM_TIME ? PETSC_TRUE : PETSC_FALSE;
  PetscCall(PetscFree(units));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*
  HGDimFind - What a dimension is

  Not Collective

  Input Parameters:
+ nc    - the file or group of the variable that has it
- dimid - the dimension

  Output Parameter:
. kind - by its coordinate variable, or else by its name
*/
PetscErrorCode HGDimFind(int nc, int dimid, HGDimKind *kind)
{
  char      name[NC_MAX_NAME + 1] = "";
  HGDimKind named;
  int       group, id;
  PetscBool since = PETSC_FALSE;

  PetscFunctionBegin;
  (void)nc_inq_dimname(nc, dimid, name);
  *kind = named = KindOfName(name);
  PetscCall(HGFileFindCoordinate(nc, dimid, &group, &id));
  if (id < 0) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(KindOfCoordinate(group, id, kind));
  if (*kind == HG_DIM_UNKNOWN) *kind = named;
  if (*kind != HG_DIM_TIME) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(IsSince(group, id, &since));
  if (!since && named == HG_DIM_LEAD) *kind = HG_DIM_LEAD; /* axis T without a date: a time from a beginning */
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The first dimension of a kind, -1 for none */
static int FirstOf(int n, const HGDimKind kind[], HGDimKind wanted)
{
  for (int i = 0; i < n; i++)
    if (kind[i] == wanted) return i;
  return -1;
}

/* The dimension of samples: one that is called so; the first, if nothing says that it is something else; else time, lead time, members of an ensemble */
static int FindSample(int n, const HGDimKind kind[])
{
  static const HGDimKind in_turn[] = {HG_DIM_TIME, HG_DIM_LEAD, HG_DIM_MEMBER};
  int                    i         = FirstOf(n, kind, HG_DIM_SAMPLE);

  if (i < 0 && n && kind[0] == HG_DIM_UNKNOWN) i = 0;
  for (size_t k = 0; k < PETSC_STATIC_ARRAY_LENGTH(in_turn) && i < 0; k++) i = FirstOf(n, kind, in_turn[k]);
  return i;
}

static PetscBool IsTime(HGDimKind kind)
{
  return kind == HG_DIM_TIME || kind == HG_DIM_LEAD ? PETSC_TRUE : PETSC_FALSE;
}

static PetscBool IsSpace(HGDimKind kind)
{
  return kind == HG_DIM_UNKNOWN || kind >= HG_DIM_Z ? PETSC_TRUE : PETSC_FALSE;
}

/* Up to two dimensions become channels: of time is the slower one of them, else the first. False if there are more */
static PetscBool AssignChannels(int n, const HGDimKind kind[], HGFileAxis axis[])
{
  int found[2] = {-1, -1}, count = 0, taken[2] = {-1, -1};

  for (int i = 0; i < n; i++) {
    if (axis[i] == HG_FILE_TIME) taken[0] = i;
    if (axis[i] == HG_FILE_CHANNEL) taken[1] = i;
    if (axis[i] != HG_FILE_AXES || IsSpace(kind[i])) continue;
    if (count == 2) return PETSC_FALSE;
    found[count++] = i;
  }
  if (count + (taken[0] >= 0) + (taken[1] >= 0) > 2) return PETSC_FALSE;
  if (count == 2) {
    const int swap = !IsTime(kind[found[0]]) && IsTime(kind[found[1]]);

    axis[found[swap]]  = HG_FILE_TIME;
    axis[found[!swap]] = HG_FILE_CHANNEL;
  } else if (count == 1) axis[found[0]] = taken[0] >= 0 || (!IsTime(kind[found[0]]) && taken[1] < 0) ? HG_FILE_CHANNEL : HG_FILE_TIME;
  return PETSC_TRUE;
}

/* Whether two dimensions of space are the same coordinate: then only their order tells them apart */
static PetscBool IsTwice(int n, const HGDimKind kind[], const HGFileAxis axis[])
{
  int count[HG_DIM_X + 1] = {0};

  for (int i = 0; i < n; i++)
    if (axis[i] == HG_FILE_AXES && kind[i] >= HG_DIM_Z && count[kind[i]]++) return PETSC_TRUE;
  return PETSC_FALSE;
}

/* The slot in z, y, x of a dimension that is known, where `dim` of them are used; HG_FILE_AXES: by its place among the others */
static HGFileAxis SlotOf(HGDimKind kind, int dim)
{
  if (dim == 1) return HG_FILE_X;
  if (kind == HG_DIM_X) return HG_FILE_X;
  if (kind == HG_DIM_Z) return dim == 3 ? HG_FILE_Z : HG_FILE_Y;
  return dim == 3 && kind == HG_DIM_Y ? HG_FILE_Y : HG_FILE_AXES;
}

/* The others are space, one to three: those that are known where they belong, what is left in the order of the file */
static PetscBool AssignSpace(int n, const HGDimKind kind[], HGFileAxis axis[])
{
  int       dim = 0, y = -1, others = 0;
  PetscBool used[HG_FILE_AXES] = {PETSC_FALSE}, ordered = IsTwice(n, kind, axis);

  for (int i = 0; i < n; i++) {
    if (axis[i] >= HG_FILE_Z) dim++;
    if (axis[i] >= HG_FILE_Z && axis[i] < HG_FILE_AXES) used[axis[i]] = ordered = PETSC_TRUE;
    if (axis[i] == HG_FILE_AXES && kind[i] == HG_DIM_Y) y = i;
    if (axis[i] == HG_FILE_AXES && kind[i] != HG_DIM_Y) others = kind[i];
  }
  if (dim < 1 || dim > 3) return PETSC_FALSE;
  for (int i = 0; i < n && !ordered; i++) {
    if (axis[i] == HG_FILE_AXES) axis[i] = SlotOf(kind[i], dim);
    if (axis[i] < HG_FILE_AXES) used[axis[i]] = PETSC_TRUE;
  }
  if (!ordered && dim == 2 && y >= 0 && others >= HG_DIM_Z) { /* of y and x, or z and y */
    axis[y]       = others == HG_DIM_X ? HG_FILE_Y : HG_FILE_X;
    used[axis[y]] = PETSC_TRUE;
  }
  for (int i = 0; i < n; i++) {
    int slot = HG_FILE_AXES - dim;

    if (axis[i] != HG_FILE_AXES) continue;
    while (slot < HG_FILE_AXES && used[slot]) slot++;
    if (slot == HG_FILE_AXES) return PETSC_FALSE;
    axis[i]    = (HGFileAxis)slot;
    used[slot] = PETSC_TRUE;
  }
  return PETSC_TRUE;
}

/*
  HGDimAssign - Give each dimension of a variable its axis

  Not Collective

  Input Parameters:
+ n     - number of dimensions
. kind  - what each one is
- fixed - axes that are known already, `HG_FILE_AXES` for those that are not

  Output Parameters:
+ axis - the axis of each dimension
- good - false if there is no dimension of samples, none or more than three of space, or more than two that become channels
*/
PetscErrorCode HGDimAssign(int n, const HGDimKind kind[], const HGFileAxis fixed[], HGFileAxis axis[], PetscBool *good)
{
  PetscBool sampled = PETSC_FALSE;
  int       sample;

  PetscFunctionBegin;
  for (int i = 0; i < n; i++) {
    axis[i] = fixed[i];
    if (fixed[i] == HG_FILE_SAMPLE) sampled = PETSC_TRUE;
  }
  if (!sampled) {
    HGDimKind open[NC_MAX_VAR_DIMS];

    for (int i = 0; i < n; i++) open[i] = fixed[i] == HG_FILE_AXES ? kind[i] : HG_DIM_X; /* not a sample */
    sample = FindSample(n, open);
    if (sample >= 0) axis[sample] = HG_FILE_SAMPLE;
    *good = sample >= 0 ? PETSC_TRUE : PETSC_FALSE;
  } else *good = PETSC_TRUE;
  *good = *good && AssignChannels(n, kind, axis) && AssignSpace(n, kind, axis) ? PETSC_TRUE : PETSC_FALSE;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*
  HGDimFindSamples - Which dimension of a variable counts samples, as a dataset takes it without -data_sample_dim

  Not Collective

  Input Parameters:
+ nc - the file or group
- id - the variable

  Output Parameter:
. dimid - the dimension, -1 if the variable is no field
*/
PetscErrorCode HGDimFindSamples(int nc, int id, int *dimid)
{
  int        n = 0, dims[NC_MAX_VAR_DIMS];
  HGDimKind  kind[NC_MAX_VAR_DIMS];
  HGFileAxis fixed[NC_MAX_VAR_DIMS], axis[NC_MAX_VAR_DIMS];
  PetscBool  good;

  PetscFunctionBegin;
  *dimid = -1;
  (void)nc_inq_var(nc, id, NULL, NULL, &n, dims, NULL);
  for (int i = 0; i < n; i++) {
    PetscCall(HGDimFind(nc, dims[i], &kind[i]));
    fixed[i] = HG_FILE_AXES;
  }
  PetscCall(HGDimAssign(n, kind, fixed, axis, &good));
  for (int i = 0; i < n && good; i++)
    if (axis[i] == HG_FILE_SAMPLE) *dimid = dims[i];
  PetscFunctionReturn(PETSC_SUCCESS);
}
