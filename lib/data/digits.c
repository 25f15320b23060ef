/* SPDX-License-Identifier: BSD-2-Clause */
/* Drawn digits: the strokes of a font, bent, turned, scaled and shifted at random, and noise. For when no images are there. */
#include "data/hgdata.h"
#include <math.h>

#define POINTS 12 /* most points of a digit */

/* Lines through points of the unit square, y downwards. A stroke ends where `up` is set */
typedef struct {
  float x, y;
  int   up;
} Point;

/* clang-format off */
static const Point Font[10][POINTS] = {
    {{.50f, .08f, 0}, {.78f, .20f, 0}, {.84f, .50f, 0}, {.76f, .80f, 0}, {.50f, .92f, 0}, {.24f, .80f, 0}, {.16f, .50f, 0}, {.22f, .20f, 0}, {.50f, .08f, 1}},
    {{.36f, .24f, 0}, {.54f, .08f, 0}, {.54f, .92f, 1}},
    {{.20f, .28f, 0}, {.32f, .11f, 0}, {.60f, .08f, 0}, {.78f, .24f, 0}, {.72f, .46f, 0}, {.20f, .90f, 0}, {.82f, .90f, 1}},
    {{.20f, .16f, 0}, {.50f, .08f, 0}, {.76f, .20f, 0}, {.70f, .42f, 0}, {.44f, .48f, 0}, {.74f, .56f, 0}, {.80f, .76f, 0}, {.52f, .92f, 0}, {.18f, .82f, 1}},
    {{.62f, .92f, 0}, {.62f, .08f, 0}, {.16f, .64f, 0}, {.86f, .64f, 1}},
    {{.78f, .08f, 0}, {.28f, .08f, 0}, {.24f, .46f, 0}, {.56f, .40f, 0}, {.80f, .58f, 0}, {.76f, .82f, 0}, {.50f, .92f, 0}, {.20f, .82f, 1}},
    {{.70f, .08f, 0}, {.38f, .30f, 0}, {.20f, .62f, 0}, {.32f, .86f, 0}, {.58f, .92f, 0}, {.80f, .76f, 0}, {.74f, .54f, 0}, {.48f, .48f, 0}, {.22f, .64f, 1}},
    {{.18f, .08f, 0}, {.82f, .08f, 0}, {.42f, .92f, 1}},
    {{.50f, .48f, 0}, {.24f, .34f, 0}, {.32f, .12f, 0}, {.68f, .12f, 0}, {.76f, .34f, 0}, {.50f, .48f, 0}, {.20f, .68f, 0}, {.32f, .90f, 0}, {.68f, .90f, 0}, {.80f, .68f, 0}, {.50f, .48f, 1}},
    {{.78f, .36f, 0}, {.52f, .52f, 0}, {.26f, .44f, 0}, {.22f, .22f, 0}, {.46f, .08f, 0}, {.72f, .16f, 0}, {.78f, .36f, 0}, {.70f, .66f, 0}, {.52f, .92f, 1}},
};
/* clang-format on */

/*@
   HGDigitClass - Which digit a drawn image shows

   Not Collective

   Input Parameters:
+  seed   - the seed of the set
-  sample - the image, counted from 0

   Level: intermediate

.seealso: `HGDigitDraw()`
@*/
PetscInt HGDigitClass(uint64_t seed, PetscInt sample)
{
  return (PetscInt)(HGRandomBits(seed, HGRandomStream("digits.class"), (uint64_t)sample) % 10);
}

/* A uniform number in [lo, hi), number i of a sample's own */
static double Draw(uint64_t seed, PetscInt sample, int i, double lo, double hi)
{
  return lo + (hi - lo) * HGRandomUniform(seed, HGRandomStream("digits.shape"), (uint64_t)sample * 64 + (uint64_t)i);
}

/* The digit's points in pixels: each moved a little, all turned, sheared, scaled and shifted. Returns how many; *pen is half the stroke's width */
static int Place(uint64_t seed, PetscInt sample, const PetscInt size[2], double at[POINTS][2], const Point **font, double *pen)
{
  const double unit = (double)PetscMin(size[0], size[1]), angle = Draw(seed, sample, 0, -0.3, 0.3),
               shear  = Draw(seed, sample, 1, -0.25, 0.25);
  const double height = Draw(seed, sample, 2, 0.52, 0.76) * unit, width = height * Draw(seed, sample, 3, 0.6, 1.0);
  const double y0 = 0.5 * (double)size[0] + Draw(seed, sample, 4, -0.07, 0.07) * unit,
               x0 = 0.5 * (double)size[1] + Draw(seed, sample, 5, -0.07, 0.07) * unit;
  int n           = 0;

  *font = Font[HGDigitClass(seed, sample)];
  *pen  = Draw(seed, sample, 6, 0.025, 0.055) * unit;
  do {
    const double u = ((double)(*font)[n].x - 0.5 + Draw(seed, sample, 8 + 2 * n, -0.05, 0.05)) * width;
    const double v = ((double)(*font)[n].y - 0.5 + Draw(seed, sample, 9 + 2 * n, -0.05, 0.05)) * height;
    const double s = u - shear * v;

    at[n][0] = y0 + sin(angle) * s + cos(angle) * v;
    at[n][1] = x0 + cos(angle) * s - sin(angle) * v;
  } while (!(*font)[n++].up);
  return n;
}

static double Distance(const double a[2], const double b[2], double y, double x)
{
  const double dy = b[0] - a[0], dx = b[1] - a[1], t = ((y - a[0]) * dy + (x - a[1]) * dx) / (dy * dy + dx * dx + 1e-12),
               s = fmin(1, fmax(0, t));

  return hypot(y - a[0] - s * dy, x - a[1] - s * dx);
}

/*@
   HGDigitDraw - Draw a part of the image of a digit

   Not Collective

   Input Parameters:
+  seed   - the seed of the set
.  sample - the image, counted from 0
.  size   - pixels of the whole image along y, x
.  start  - first pixel of the part along y, x
-  count  - pixels of the part along y, x

   Output Parameter:
.  v - the pixels, 0 for paper to 1 for ink

   Level: intermediate

   Shape:
   size, start, count: [2]; v: [count[0]][count[1]]

   Note:
   Each digit is some strokes, whose points are moved a little, and which are turned by up to 17 degrees, sheared, scaled and shifted; the
   width of the pen varies, and there is normal noise of deviation 0.08. A pixel depends on seed, sample and place only: parts drawn on
   several ranks make the same image.

.seealso: `HGDigitClass()`, `HGDataSetDigits()`
@*/
PetscErrorCode HGDigitDraw(uint64_t seed, PetscInt sample, const PetscInt size[], const PetscInt start[], const PetscInt count[],
                           double v[])
{
  const uint64_t noise = HGRandomStream("digits.noise");
  const Point   *font;
  double         at[POINTS][2], pen;
  const int      n = Place(seed, sample, size, at, &font, &pen);

  PetscFunctionBegin;
  for (PetscInt i = 0; i < count[0] * count[1]; i++) {
    const PetscInt iy = start[0] + i / count[1], ix = start[1] + i % count[1];
    const uint64_t place = ((uint64_t)sample * (uint64_t)size[0] + (uint64_t)iy) * (uint64_t)size[1] + (uint64_t)ix;
    double         d     = INFINITY;

    for (int k = 1; k < n; k++)
      if (!font[k - 1].up) d = fmin(d, Distance(at[k - 1], at[k], (double)iy + 0.5, (double)ix + 0.5));
    v[i] = fmin(1, fmax(0, pen + 0.5 - d)); /* an edge one pixel wide */
    v[i] = fmin(1, fmax(0, v[i] + 0.08 * HGRandomNormal(seed, noise, place)));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}
