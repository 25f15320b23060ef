/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef HGSURROGATE_IMPL_H
#define HGSURROGATE_IMPL_H

#include "surrogate/hgsurrogate.h"

PETSC_INTERN PetscErrorCode HGPCRegisterAll(void);

#endif
