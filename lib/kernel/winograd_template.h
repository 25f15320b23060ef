/* SPDX-License-Identifier: BSD-2-Clause */
/* clang-format off */ /* it takes types named by macros for expressions */

static size_t NAME(conv_work)(int groups, int cin, int cout, const int k[3])
{
  const NAME(Operator) o = NAME(operator)(groups, cin, cout, k);
  return o.wide ? (size_t)omp_get_max_threads() * NAME(wide_work)(o.nk) : 0;
}

static void NAME(conv)(const HGConvShape *s, const void *x, const HGConvWeights *w, const void *packed, const HGConvStore *store, void *work,
                       void *y)
{
  NAME(Conv) c = {s, NAME(operator)(s->groups, s->cin, s->cout, s->k), x, packed, store->bias, store->mask, store->threshold, y,
                  store->act == HG_ACT_RELU ? 0 : (REAL)-INFINITY, store->add, 0};
  if (c.o.wide) NAME(conv_wide)(&c, w, work);
  else NAME(conv_packed)(&c);
}
