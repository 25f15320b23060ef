/* SPDX-License-Identifier: BSD-2-Clause */
/* What `halograd info` prints of netCDF files. On one rank. */
#ifndef HGINFODATA_H
#define HGINFODATA_H

#include "app.h"
#include "data/ncfile.h"

/* The attributes of a file or group but those of hidden, with what comes before their names; hidden ends with NULL, or is NULL for none */
PetscErrorCode AppPrintAttributes(int nc, const char path[], const char indent[], const char *const hidden[]);

/* Attributes, samples and variables of a data file, with those of its groups */
PetscErrorCode AppPrintData(int nc);

#endif
