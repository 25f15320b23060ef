/* SPDX-License-Identifier: BSD-2-Clause */
/* clang-format off */ /* it takes types named by macros for expressions */
/*
  Functions of vectors. exp and sin are Taylor series after the reduction of Cody and Waite (Software Manual for the Elementary
  Functions, 1980), log1p the series of 2 atanh. erfc(a) = exp(-a^2) q(t) / (1 + 2a) with t = (a - k)/(a + k) as Shepherd and
  Laframboise (Math. Comp. 36, 1981); q are truncated Chebyshev series computed in 50 digits, of relative error 1.3e-8 (f32)
  and 1.1e-16 (f64). Relative errors are a few eps; exp gives 0 below 2^-125 (f32), 2^-1021 (f64). NaN stays NaN.
*/
#define F32 (sizeof(REAL) == 4)

INLINE V NAME(set)(double v)
{
  return (REAL)v - (V){0};
}

INLINE V NAME(select)(MASK m, V a, V b)
{
  return (V)((m & (MASK)a) | (~m & (MASK)b));
}

INLINE V NAME(min)(V v, V upper) /* NaN stays NaN */
{
  return NAME(select)(v > upper, upper, v);
}

INLINE V NAME(abs)(V v)
{
  return (V)((MASK)v & ~(MASK)NAME(set)(-0.));
}

INLINE V NAME(with_sign)(V v, V sign)
{
  return (V)((MASK)v | ((MASK)sign & (MASK)NAME(set)(-0.)));
}

INLINE V NAME(get)(const REAL *p, int w)
{
  return w < VLEN ? NAME(load_n)(p, w) : NAME(load)(p);
}

INLINE void NAME(put)(REAL *p, V v, int w)
{
  if (w < VLEN) NAME(store_n)(p, v, w);
  else NAME(store)(p, v);
}

INLINE int NAME(any)(MASK m)
{
  INT any = 0;
  UNROLL for (int i = 0; i < VLEN; i++) any |= m[i];
  return any != 0;
}

/* Nearest integer for |x| < 2^22, and its bits */
INLINE V NAME(nearest_integer)(V x, MASK *n)
{
  const V magic = NAME(set)(F32 ? 0x1.8p23 : 0x1.8p52), t = x + magic;
  *n = (MASK)t - (MASK)magic;
  return t - magic;
}

/* n = nearest integer to x / log 2, r = x + lo - n log 2 */
INLINE V NAME(reduce_exp)(V x, V lo, MASK *n)
{
  const V k = NAME(nearest_integer)(x * NAME(set)(1.44269504088896340736), n);
  if (F32) return x - k * NAME(set)(0.693359375) - k * NAME(set)(-2.12194440054690583e-4) + lo;
  return x - k * NAME(set)(6.93145751953125e-1) - k * NAME(set)(1.42860682030941723212e-6) + lo;
}

/* exp(r) - 1 for |r| <= log(2) / 2 */
INLINE V NAME(expm1_small)(V r)
{
  V sum = NAME(set)(0);
  UNROLL for (int k = F32 ? 7 : 13; k > 0; k--) {
    static const double factorial[] = {1, 1, 2, 6, 24, 120, 720, 5040, 40320, 362880, 3628800, 39916800, 479001600, 6227020800.};
    sum = sum * r + NAME(set)(1 / factorial[k]);
  }
  return sum * r;
}

/* 2^(n-1) for a normal result */
INLINE V NAME(half_power)(MASK n)
{
  return (V)((n + (F32 ? 126 : 1022)) << (F32 ? 23 : 52));
}

/* exp(x + lo) for a small lo */
INLINE V NAME(exp_of_sum)(V x, V lo)
{
  const V bottom = NAME(set)(F32 ? -86.6 : -708), two = NAME(set)(2);
  MASK    n;
  const V r = NAME(reduce_exp)(NAME(max)(NAME(min)(x, NAME(set)(F32 ? 89 : 710)), bottom), lo, &n);
  const V e = (NAME(expm1_small)(r) + NAME(set)(1)) * NAME(half_power)(n) * two;
  return (V)(~(x < bottom) & (MASK)e);
}

INLINE V NAME(exp)(V x)
{
  return NAME(exp_of_sum)(x, NAME(set)(0));
}

INLINE V NAME(expm1)(V x) /* x <= 0 */
{
  MASK    n;
  const V r = NAME(reduce_exp)(NAME(max)(x, NAME(set)(-80)), NAME(set)(0), &n), scale = NAME(half_power)(n) * NAME(set)(2);
  return scale * NAME(expm1_small)(r) + (scale - NAME(set)(1));
}

INLINE V NAME(log1p)(V u) /* 0 <= u <= 1 */
{
  const V s = u / (u + NAME(set)(2)), s2 = s * s;
  V       sum = NAME(set)(0);
  UNROLL for (int k = F32 ? 7 : 16; k >= 0; k--) sum = sum * s2 + NAME(set)(2. / (2 * k + 1));
  return sum * s;
}

INLINE V NAME(tanh)(V x)
{
  const V t = NAME(expm1)(NAME(set)(-2) * NAME(abs)(x));
  return NAME(with_sign)(NAME(set)(0) - t / (t + NAME(set)(2)), x);
}

INLINE V NAME(sigmoid)(V x)
{
  return NAME(set)(1) / (NAME(set)(1) + NAME(exp)(NAME(set)(0) - x));
}

/* The series of erfc in t */
INLINE V NAME(erfc_series)(V t)
{
  static const double single[] = {1.276978391, -0.09276376277, -0.1660310957, 0.1640494541, -0.05421195849, -0.008018963079,
    0.008689159658, 0.001217410592, -0.001395706946, -0.0003579204478, 0.0001608035817, 6.336945838e-5};
  static const double full[] = {1.23751263083782753, -0.140240598585545256, 0.00358541548547902564, 0.0822767384899950626,
    -0.108803930142444613, 0.0923043211642812499, -0.0586933985766493384, 0.0283622773721111388, -0.00974657968326526223,
    0.00175562616519706507, 0.00029371437804495803, -0.000290155352460776553, 0.0000516465297417741613, 0.0000223875657149118166,
    -0.0000114380480333468936, -9.79262570730352203e-7, 1.74198215862248159e-6, -5.0844653786873022e-8, -2.48571262480167429e-7,
    1.87908232237004813e-8, 3.19792667166680429e-8, -1.95513588689856165e-9, -2.62310734713347576e-9};
  V sum = NAME(set)(0);
  UNROLL for (int k = F32 ? 11 : 22; k >= 0; k--) sum = sum * t + NAME(set)(F32 ? single[k] : full[k]);
  return sum;
}

/* The normal distribution function of x, and its density. x^2 = h^2 + (x - h)(x + h), and h^2 has no rounding error. */
INLINE V NAME(normal_cdf)(V x, V *density)
{
  const V    z = NAME(max)(NAME(min)(x, NAME(set)(40)), NAME(set)(-40)), one = NAME(set)(1), half = NAME(set)(0.5);
  const V    h = (V)((MASK)z & (F32 ? (INT)~0xfff : (INT)~0x7ffffffll));
  const V    e = NAME(exp_of_sum)(NAME(set)(-0.5) * h * h, NAME(set)(-0.5) * (z - h) * (z + h));
  const V    a = NAME(abs)(z) * NAME(set)(0.70710678118654752440), k = NAME(set)(F32 ? 2 : 3.75);
  const V    tail = half * e * NAME(erfc_series)((a - k) / (a + k)) / (one + a + a);
  *density = e * NAME(set)(0.39894228040143267794);
  return NAME(select)(z > 0, one - tail, tail);
}

/* x - k pi / 2 for whole k below 2^13 (f32), 2^20 (f64) */
INLINE V NAME(reduce_pi)(V x, V k)
{
  if (F32) return x - k * NAME(set)(1.5703125) - k * NAME(set)(0.0004837512969970703125) - k * NAME(set)(7.5497899548918821692e-8);
  return x - k * NAME(set)(1.5707963267341256142) - k * NAME(set)(6.0771005063039659766e-11) - k * NAME(set)(2.0222662487959507324e-21);
}

INLINE V NAME(sin_small)(V r) /* |r| <= pi / 2 */
{
  const V r2 = r * r;
  V       sum = NAME(set)(0);
  UNROLL for (int k = F32 ? 6 : 11; k > 0; k--) {
    static const double factorial[] = {1, -6, 120, -5040, 362880, -39916800, 6227020800., -1307674368000., 355687428096000.,
      -121645100408832000., 51090942171709440000., -25852016738884976640000.};
    sum = (sum + NAME(set)(1 / factorial[k])) * r2;
  }
  return r + r * sum;
}

/* The argument of a lane beyond the range of the reduction is rare */
NOINLINE V NAME(sin_by_lane)(V x, int cosine)
{
  UNROLL for (int i = 0; i < VLEN; i++) x[i] = (REAL)(cosine ? cos((double)x[i]) : sin((double)x[i]));
  return x;
}

INLINE V NAME(sin_or_cos)(V x, int cosine)
{
  const V    big = NAME(set)(F32 ? 12000 : 1.6e6), half = NAME(set)(cosine ? 0.5 : 0);
  MASK       n;
  if (NAME(any)(NAME(abs)(x) > big)) return NAME(sin_by_lane)(x, cosine);
  const V k = NAME(nearest_integer)(x * NAME(set)(0.31830988618379067154) - half, &n) + half;
  const V s = NAME(sin_small)(NAME(reduce_pi)(x, k + k));
  return (V)((MASK)s ^ ((n + cosine) << (F32 ? 31 : 63)));
}

#undef F32
