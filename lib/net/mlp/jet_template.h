/* SPDX-License-Identifier: BSD-2-Clause */
/* A piece of points through the multilayer perceptron in one element type: REAL and NAME() are defined by who includes this */

/*
  The activation s(z) and its derivatives at m numbers: d1, d2, d3. What is transcendental comes from the field kernels:
  tanh; sin and cos z = sin(z + pi/2); the logistic function; and for gelu z Phi(z), its first derivative, and the normal density
  from the logistic function by exp(-v) = sigma(-v) / sigma(v).
*/
typedef struct {
  int         m;
  const REAL *z;
  REAL       *s, *d1, *d2, *d3; /* [m]; d1 to d3 in a row */
  REAL       *t;                /* [m] scratch */
} NAME(Activation);

HG_CLONES static void NAME(tanh_derivatives)(int m, const REAL *restrict s, REAL *restrict d1, REAL *restrict d2, REAL *restrict d3)
{
#pragma omp simd
  for (int i = 0; i < m; i++) {
    const REAL t = s[i], g = 1 - t * t;

    d1[i] = g;
    d2[i] = -2 * t * g;
    d3[i] = g * (6 * t * t - 2);
  }
}

HG_CLONES static void NAME(sin_derivatives)(int m, const REAL *restrict s, const REAL *restrict cosine, REAL *restrict d1,
                                            REAL *restrict d2, REAL *restrict d3)
{
#pragma omp simd
  for (int i = 0; i < m; i++) {
    d1[i] = cosine[i];
    d2[i] = -s[i];
    d3[i] = -cosine[i];
  }
}

HG_CLONES static void NAME(softplus_derivatives)(int m, const REAL *restrict sigma, REAL *restrict d1, REAL *restrict d2, REAL *restrict d3)
{
#pragma omp simd
  for (int i = 0; i < m; i++) {
    const REAL g = sigma[i], g1 = g * (1 - g);

    d1[i] = g;
    d2[i] = g1;
    d3[i] = g1 * (1 - 2 * g);
  }
}

HG_CLONES static void NAME(silu_derivatives)(int m, const REAL *restrict z, const REAL *restrict sigma, REAL *restrict d1,
                                             REAL *restrict d2, REAL *restrict d3)
{
#pragma omp simd
  for (int i = 0; i < m; i++) {
    const REAL g = sigma[i], g1 = g * (1 - g), g2 = g1 * (1 - 2 * g), g3 = g1 * (1 - 6 * g1);

    d1[i] = g + z[i] * g1;
    d2[i] = 2 * g1 + z[i] * g2;
    d3[i] = 3 * g2 + z[i] * g3;
  }
}

/* tail: sigma(-z^2 / 2) */
HG_CLONES static void NAME(gelu_derivatives)(int m, const REAL *restrict z, const REAL *restrict tail, REAL *restrict d2, REAL *restrict d3)
{
#pragma omp simd
  for (int i = 0; i < m; i++) {
    const REAL density = (REAL)0.39894228040143267794 * tail[i] / (1 - tail[i]), q = z[i] * z[i];

    d2[i] = density * (2 - q);
    d3[i] = density * z[i] * (q - 4);
  }
}

static void NAME(activate)(const HGMLP *net, const NAME(Activation) * v)
{
  const HGFieldShape s     = {1, 1, {1, 1, v->m}, {v->m, v->m, v->m, 1}, {v->m, v->m, v->m, 1}};
  const HGFieldStore store = {NULL, NULL, 0};
  const int          m     = v->m;

  net->fields->activate(net->activation, 1, &s, v->z, v->s);
  switch (net->activation) {
  case HG_ACT_TANH:
    NAME(tanh_derivatives)(m, v->s, v->d1, v->d2, v->d3);
    break;
  case HG_ACT_SIN:
    for (int i = 0; i < m; i++) v->t[i] = 1;
    net->fields->activate_adjoint(HG_ACT_SIN, 1, &s, v->z, v->t, &store, v->t);
    NAME(sin_derivatives)(m, v->s, v->t, v->d1, v->d2, v->d3);
    break;
  case HG_ACT_SOFTPLUS:
  case HG_ACT_SILU:
    net->fields->activate(HG_ACT_SIGMOID, 1, &s, v->z, v->t);
    if (net->activation == HG_ACT_SILU) NAME(silu_derivatives)(m, v->z, v->t, v->d1, v->d2, v->d3);
    else NAME(softplus_derivatives)(m, v->t, v->d1, v->d2, v->d3);
    break;
  default: /* HG_ACT_GELU */
    for (int i = 0; i < m; i++) v->t[i] = 1;
    net->fields->activate_adjoint(HG_ACT_GELU, 1, &s, v->z, v->t, &store, v->d1);
    for (int i = 0; i < m; i++) v->t[i] = -v->z[i] * v->z[i] / 2;
    net->fields->activate(HG_ACT_SIGMOID, 1, &s, v->t, v->t);
    NAME(gelu_derivatives)(m, v->z, v->t, v->d2, v->d3);
  }
}

/* y = d x */
HG_CLONES static void NAME(times)(int m, const REAL *restrict d, const REAL *x, REAL *y)
{
#pragma omp simd
  for (int i = 0; i < m; i++) y[i] = d[i] * x[i];
}

/* a_ij = s'' z_i z_j + s' z_ij */
HG_CLONES static void NAME(second)(int m, const REAL *restrict d1, const REAL *restrict d2, const REAL *zi, const REAL *zj,
                                   const REAL *restrict zij, REAL *restrict a)
{
#pragma omp simd
  for (int i = 0; i < m; i++) a[i] = d2[i] * zi[i] * zj[i] + d1[i] * zij[i];
}

/* The derivatives of a = s(z) from those of z, in the components after the first */
static void NAME(taylor)(const HGMLP *net, int order, int m, const REAL *z, const REAL *d, REAL *a)
{
  const REAL *d1 = d, *d2 = d + m;
  const int   first = order > 1 ? 1 + (int)net->dim : 0;

  for (int i = 1; i <= net->dim && order > 0; i++) NAME(times)(m, d1, z + i * m, a + i * m);
  for (int k = 0; k < net->nsecond && order > 1; k++) {
    const ptrdiff_t i = 1 + net->second[k][0], j = 1 + net->second[k][1], ij = first + k;

    NAME(second)(m, d1, d2, z + i * m, z + j * m, z + ij * m, a + ij * m);
  }
}

/* g_0 += s'' z_i g_i, with the g_i of a */
HG_CLONES static void NAME(first_adjoint)(int m, const REAL *restrict d2, const REAL *restrict zi, const REAL *restrict gi,
                                          REAL *restrict g0)
{
#pragma omp simd
  for (int i = 0; i < m; i++) g0[i] += d2[i] * zi[i] * gi[i];
}

/* g_0 += (s''' z_i z_j + s'' z_ij) g_ij, then g_i += s'' z_j g_ij, g_j += s'' z_i g_ij; g_i and g_j may be one */
HG_CLONES static void NAME(second_adjoint)(int m, const REAL *restrict d, const REAL *zi, const REAL *zj, const REAL *restrict zij,
                                           REAL *restrict g0, REAL *gi, REAL *gj, REAL *restrict gij)
{
  const REAL *restrict d1 = d, *restrict d2 = d + m, *restrict d3 = d + 2 * m;

  if (gi == gj) {
#pragma omp simd
    for (int i = 0; i < m; i++) {
      const REAL w = d2[i] * gij[i];

      g0[i] += d3[i] * zi[i] * zi[i] * gij[i] + w * zij[i];
      gi[i] += 2 * w * zi[i];
      gij[i] *= d1[i];
    }
    return;
  }
#pragma omp simd
  for (int i = 0; i < m; i++) {
    const REAL w = d2[i] * gij[i];

    g0[i] += d3[i] * zi[i] * zj[i] * gij[i] + w * zij[i];
    gi[i] += w * zj[i];
    gj[i] += w * zi[i];
    gij[i] *= d1[i];
  }
}

/* g: the derivative by a, replaced by that by z */
static void NAME(taylor_adjoint)(const HGMLP *net, int order, int m, const REAL *z, const REAL *d, REAL *g)
{
  const REAL     *d1 = d, *d2 = d + m;
  const ptrdiff_t first = 1 + net->dim;

  NAME(times)(m, d1, g, g);
  for (int i = 1; i <= net->dim && order > 0; i++) {
    NAME(first_adjoint)(m, d2, z + i * m, g + i * m, g);
    NAME(times)(m, d1, g + i * m, g + i * m);
  }
  for (int k = 0; k < net->nsecond && order > 1; k++) {
    const ptrdiff_t i = 1 + net->second[k][0], j = 1 + net->second[k][1], ij = first + k;

    NAME(second_adjoint)(m, d, z + i * m, z + j * m, z + ij * m, g, g + i * m, g + j * m, g + ij * m);
  }
}

/* What the first layer reads of a point and its derivatives: coordinates in [-1, 1], of periodic ones cosine and sine */
static void NAME(input)(const HGMLP *net, int order, int n, const double *x, REAL *a)
{
  const int       dim = (int)net->dim, first = order > 1 ? 1 + dim : 0;
  const ptrdiff_t m = n * net->layer[0].cin;

  memset(a, 0, (size_t)(1 + (order > 0 ? dim : 0) + (order > 1 ? net->nsecond : 0)) * (size_t)m * sizeof(REAL));
  for (int p = 0; p < n; p++, x += dim) {
    for (int i = 0; i < dim; i++, a++) {
      const double scaled = (x[i] - net->centre[i]) * net->scale[i], w = PETSC_PI * net->scale[i];
      const double c = net->periodic[i] ? cos(PETSC_PI * scaled) : scaled, s = net->periodic[i] ? sin(PETSC_PI * scaled) : 0;

      a[0] = (REAL)c;
      if (net->periodic[i]) a[1] = (REAL)s;
      if (order > 0) a[(1 + i) * m] = (REAL)(net->periodic[i] ? -w * s : net->scale[i]);
      if (order > 0 && net->periodic[i]) a[(1 + i) * m + 1] = (REAL)(w * c);
      for (int k = 0; k < net->nsecond && order > 1 && net->periodic[i]; k++) {
        if (net->second[k][0] != i || net->second[k][1] != i) continue;
        a[(first + k) * m]     = (REAL)(-w * w * c);
        a[(first + k) * m + 1] = (REAL)(-w * w * s);
      }
      a += net->periodic[i];
    }
  }
}

static void NAME(forward)(const HGMLP *net, int order, int components, int n, const double *x, REAL *mem)
{
  const HGConvStore plain = {NULL, HG_ACT_IDENTITY, NULL, NULL, 0};

  NAME(input)(net, order, n, x, mem + net->layer[0].a);
  for (int l = 0; l < net->nlayers; l++) {
    const HGMLPLayer *y     = &net->layer[l];
    const int         m     = n * (int)y->cout;
    const HGConvStore store = {(REAL *)net->values + y->bias, HG_ACT_IDENTITY, NULL, NULL, 0};
    const HGConvShape value = DenseShape(y->cin, y->cout, n), rest = DenseShape(y->cin, y->cout, n * (components - 1));
    REAL             *z = mem + y->z, *d = mem + y->d, *a;

    net->kernels->conv(&value, mem + y->a, &y->weights, y->packed, &store, mem + net->work, z);
    net->kernels->conv(&rest, mem + y->a + n * y->cin, &y->weights, y->packed, &plain, mem + net->work, z + m);
    if (l + 1 == net->nlayers) break;
    a                        = mem + net->layer[l + 1].a;
    const NAME(Activation) v = {m, z, a, d, d + m, d + 2 * m, mem + net->scratch};
    NAME(activate)(net, &v);
    NAME(taylor)(net, order, m, z, d, a);
  }
}

/* g: the derivative by the output, [component][n][out] */
static void NAME(adjoint)(const HGMLP *net, int order, int components, int n, REAL *mem, REAL *g, double *gradient)
{
  const HGConvStore plain = {NULL, HG_ACT_IDENTITY, NULL, NULL, 0};
  REAL             *other = mem + net->scratch;
  void             *work  = mem + net->work;

  for (int l = (int)net->nlayers - 1; l >= 0; l--) {
    const HGMLPLayer *y     = &net->layer[l];
    const int         m     = n * (int)y->cout;
    const HGConvShape value = DenseShape(y->cin, y->cout, n), rest = DenseShape(y->cin, y->cout, n * (components - 1)),
                      back = DenseShape(y->cout, y->cin, n * components);
    REAL *swap             = g;

    if (l + 1 < net->nlayers) NAME(taylor_adjoint)(net, order, m, mem + y->z, mem + y->d, g);
    net->kernels->conv_weights(&value, mem + y->a, g, work, HG_F64, gradient + y->weight, gradient + y->bias);
    net->kernels->conv_weights(&rest, mem + y->a + n * y->cin, g + m, work, HG_F64, gradient + y->weight, NULL);
    if (!l) break;
    net->kernels->conv(&back, g, &y->transposed, y->adjoint, &plain, work, other);
    g     = other;
    other = swap;
  }
}

static void NAME(sweep_piece)(const HGMLP *net, const Evaluation *s, int lane, PetscInt first, int n, char *memory)
{
  REAL             *mem    = (REAL *)memory;
  double           *jets   = (double *)(memory + net->jets);
  const HGMLPLayer *last   = &net->layer[net->nlayers - 1];
  const int         values = s->components * n * (int)net->out;
  double           *g      = s->gradient ? jets + values : NULL;

  NAME(forward)(net, s->order, s->components, n, s->x + first * net->dim, mem);
  for (int i = 0; i < values; i++) jets[i] = (double)mem[last->z + (size_t)i];
  s->f(s->ctx, lane, first, n, jets, g);
  if (!g) return;
  for (int i = 0; i < values; i++) mem[net->adjoint + (size_t)i] = (REAL)g[i];
  NAME(adjoint)(net, s->order, s->components, n, mem, mem + net->adjoint, net->gradient + (size_t)lane * (size_t)net->nparams);
}

static void NAME(pack_values)(const HGMLP *net)
{
  REAL     *v    = (REAL *)net->values;
  const int k[3] = {1, 1, 1};

  for (PetscInt l = 0; l < net->nlayers; l++) {
    HGMLPLayer *y = &net->layer[l];

    y->weights    = (HGConvWeights){v + y->weight, 0, y->cin, 1, {0, 0, 0}};
    y->transposed = (HGConvWeights){v + y->weight, 0, 1, y->cin, {0, 0, 0}};
    net->kernels->conv_pack(1, (int)y->cin, (int)y->cout, k, &y->weights, y->packed);
    net->kernels->conv_pack(1, (int)y->cout, (int)y->cin, k, &y->transposed, y->adjoint);
  }
}
