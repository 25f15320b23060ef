/* SPDX-License-Identifier: BSD-2-Clause */
/* What `halograd info` prints of netCDF files. On one rank. */
#ifndef HGINFODATA_H
#define HGINFODATA_H

#include "app.h"
#include "data/ncfile.h"

/* The attributes of a file or group, with what comes before their names */
PetscErrorCode AppPrintAttributes(int nc, const char path[], const char indent[]);

/* Attributes, samples and variables of a data file, with those of its groups */
PetscErrorCode AppPrintData(int nc);

#endif
