/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef HGEQUATION_IMPL_H
#define HGEQUATION_IMPL_H

#include "equation/hgequation.h"

/* The built-in equations: a new one is its file and its line here */
#define HG_EQUATIONS(X) \
  X(Darcy)              \
  X(Poisson)            \
  X(Heat)               \
  X(Burgers)            \
  X(Advection)          \
  X(NavierStokes)       \
  X(Wave)               \
  X(AllenCahn)

#define HG_DECLARE_EQUATION(name) PETSC_INTERN const HGEquation HGEquation##name;
HG_EQUATIONS(HG_DECLARE_EQUATION)

#endif
