/* SPDX-License-Identifier: BSD-2-Clause */
#include "sys/hgsys.h"
#include <math.h>

static void PhiloxRound(uint32_t c[4], const uint32_t k[2])
{
  const uint64_t p0 = (uint64_t)0xD2511F53u * c[0], p1 = (uint64_t)0xCD9E8D57u * c[2];
  const uint32_t c1 = c[1], c3 = c[3];

  c[0] = (uint32_t)(p1 >> 32) ^ c1 ^ k[0];
  c[1] = (uint32_t)p1;
  c[2] = (uint32_t)(p0 >> 32) ^ c3 ^ k[1];
  c[3] = (uint32_t)p0;
}

/* Philox4x32-10 (Salmon, Moraes, Dror, Shaw, SC'11, section 4): a bijection of the counter for each key */
static void Philox(uint64_t key, uint64_t hi, uint64_t lo, uint32_t c[4])
{
  uint32_t k[2] = {(uint32_t)key, (uint32_t)(key >> 32)};

  c[0] = (uint32_t)lo;
  c[1] = (uint32_t)(lo >> 32);
  c[2] = (uint32_t)hi;
  c[3] = (uint32_t)(hi >> 32);
  for (int r = 0; r < 10; r++) {
    PhiloxRound(c, k);
    k[0] += 0x9E3779B9u;
    k[1] += 0xBB67AE85u;
  }
}

/*@C
   HGRandomStream - The number of a named stream of random numbers

   Not Collective

   Input Parameter:
.  name - the stream's name, such as a parameter's "conv1.weight"

   Level: intermediate

   Note:
   The 64-bit FNV-1a hash of the name. Random numbers are functions of (seed, stream, index), so what is drawn does
   not depend on the order of drawing, the number of ranks, or the number of threads.

.seealso: `HGRandomUniform()`, `HGRandomNormal()`
@*/
uint64_t HGRandomStream(const char name[])
{
  uint64_t h = 0xCBF29CE484222325ull;

  for (; *name; name++) h = (h ^ (unsigned char)*name) * 0x100000001B3ull;
  return h;
}

/*@C
   HGRandomBits - 64 random bits, a function of seed, stream and index

   Not Collective

   Input Parameters:
+  seed   - the user's seed
.  stream - which stream, see `HGRandomStream()`
-  index  - the element's global index in the stream

   Level: intermediate

.seealso: `HGRandomStream()`, `HGRandomUniform()`, `HGRandomNormal()`
@*/
uint64_t HGRandomBits(uint64_t seed, uint64_t stream, uint64_t index)
{
  uint32_t c[4];

  Philox(seed, stream, index, c);
  return (uint64_t)c[1] << 32 | c[0];
}

/*@C
   HGRandomUniform - A random number, uniform in [0, 1), a function of seed, stream and index

   Not Collective

   Input Parameters:
+  seed   - the user's seed
.  stream - which stream, see `HGRandomStream()`
-  index  - the element's global index in the stream

   Level: intermediate

.seealso: `HGRandomStream()`, `HGRandomNormal()`
@*/
double HGRandomUniform(uint64_t seed, uint64_t stream, uint64_t index)
{
  return (double)(HGRandomBits(seed, stream, index) >> 11) * 0x1p-53;
}

/*@C
   HGRandomNormal - A standard normal random number, a function of seed, stream and index

   Not Collective

   Input Parameters:
+  seed   - the user's seed
.  stream - which stream, see `HGRandomStream()`
-  index  - the element's global index in the stream

   Level: intermediate

   Note:
   The Box-Muller transform (Box and Muller 1958) of two uniform numbers from one evaluation of the generator.

.seealso: `HGRandomStream()`, `HGRandomUniform()`
@*/
double HGRandomNormal(uint64_t seed, uint64_t stream, uint64_t index)
{
  uint32_t c[4];

  Philox(seed, stream, index, c);
  const double u = ((double)(((uint64_t)c[1] << 32 | c[0]) >> 11) + 1) * 0x1p-53; /* in (0, 1] */
  const double v = (double)(((uint64_t)c[3] << 32 | c[2]) >> 11) * 0x1p-53;
  return sqrt(-2 * log(u)) * cos(2 * PETSC_PI * v);
}
