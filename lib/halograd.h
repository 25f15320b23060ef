/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef HALOGRAD_H
#define HALOGRAD_H

#include "sys/hgsys.h"
#include "tensor/hgtensor.h"
#include "linop/hglinop.h"

#endif
