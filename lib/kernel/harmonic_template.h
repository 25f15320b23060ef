/* SPDX-License-Identifier: BSD-2-Clause */
/* clang-format off */ /* it takes types named by macros for expressions */
/* Cosine and sine of periodic coordinates; few channels, so elements one by one */

static void NAME(harmonics)(const HGFieldShape *s, const unsigned char *periodic, const void *x, void *y)
{
  const Pieces cut = CutRows(s->batch, s->n, s->channels, sizeof(REAL));

#pragma omp parallel for schedule(static) if (cut.threaded)
  for (int i = 0; i < cut.pieces; i++) {
    const Piece b    = GetPiece(&cut, s->n, i);
    const REAL *from = (const REAL *)x + PieceOffset(&b, s->xs);
    REAL       *to   = (REAL *)y + PieceOffset(&b, s->ys);
    for (int p = b.x0; p < b.x1; p++, from += s->xs[3], to += s->ys[3]) {
      for (int c = 0, k = 0; c < s->channels; c++) {
        const double angle = 3.14159265358979323846 * (double)from[c];
        if (periodic[c]) {
          to[k++] = (REAL)cos(angle);
          to[k++] = (REAL)sin(angle);
        } else to[k++] = from[c];
      }
    }
  }
}

static void NAME(harmonics_adjoint)(const HGFieldShape *s, const unsigned char *periodic, const void *x, const void *dy,
                                    const HGFieldStore *store, void *dx)
{
  const Pieces cut = CutRows(s->batch, s->n, s->channels, sizeof(REAL));

#pragma omp parallel for schedule(static) if (cut.threaded)
  for (int i = 0; i < cut.pieces; i++) {
    const Piece b    = GetPiece(&cut, s->n, i);
    ptrdiff_t   to   = PieceOffset(&b, s->xs);
    const REAL *from = (const REAL *)dy + PieceOffset(&b, s->ys);
    for (int p = b.x0; p < b.x1; p++, to += s->xs[3], from += s->ys[3]) {
      for (int c = 0, k = 0; c < s->channels; c++, k++) {
        double r = (double)from[k];
        if (periodic[c]) {
          const double angle = 3.14159265358979323846 * (double)((const REAL *)x)[to + c];
          r = 3.14159265358979323846 * (cos(angle) * (double)from[k + 1] - sin(angle) * r);
          k++;
        }
        NAME(store_result)(store, NAME(set)((REAL)r), dx, to + c, c, 1);
      }
    }
  }
}
