/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef HALOGRAD_H
#define HALOGRAD_H

#include "sys/hgsys.h"
#include "sys/hgprogress.h"
#include "sys/hgsignal.h"
#include "sys/hgtext.h"
#include "kernel/hgkernel.h"
#include "tensor/hgtensor.h"
#include "tensor/hgvec.h"
#include "linop/hglinop.h"
#include "model/hgmodel.h"
#include "data/hgdata.h"
#include "data/hgdatainfo.h"
#include "data/hgfieldfile.h"
#include "layer/hglayer.h"
#include "net/hgnet.h"
#include "loss/hgloss.h"
#include "equation/hgequation.h"
#include "physics/hgphysics.h"
#include "physics/points/hgcollocation.h"
#include "objective/hgobjective.h"
#include "tao/hgtao.h"
#include "train/hgtrain.h"
#include "surrogate/hgsurrogate.h"

#endif
