/* SPDX-License-Identifier: BSD-2-Clause */
/* What losses refuse: one line on all ranks */
#include "../data/bad_input.h"
#include "loss/hgloss.h"

static PetscErrorCode Make(const PetscInt size[HG_AXES], HGTensor *t)
{
  HGPartition p;

  PetscFunctionBegin;
  PetscCall(HGPartitionCreate(PETSC_COMM_WORLD, &p));
  PetscCall(HGPartitionSetSizes(p, 2, size));
  PetscCall(HGPartitionSetUp(p));
  PetscCall(HGTensorCreate(p, HG_F64, t));
  PetscCall(HGTensorSetUp(*t));
  PetscCall(HGPartitionDestroy(&p));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Sets sample 2, point y 3, x 0 on the rank that has it */
static PetscErrorCode Put(HGTensor t, double v)
{
  const HGTensorLocal *l;

  PetscFunctionBegin;
  PetscCall(HGTensorGetLocal(t, &l));
  if (l->box.start[HG_Y] <= 3 && 3 < l->box.start[HG_Y] + l->box.size[HG_Y] && l->box.start[HG_X] == 0)
    ((double *)l->owned)[2 * l->stride[HG_N] + (3 - l->box.start[HG_Y]) * l->stride[HG_Y]] = v;
  PetscFunctionReturn(PETSC_SUCCESS);
}

int main(int argc, char **argv)
{
  const PetscInt size[HG_AXES] = {3, 4, 1, 6, 5}, other[HG_AXES] = {3, 4, 1, 6, 6}, point[HG_AXES] = {3, 1, 1, 6, 5},
                 wrong[HG_AXES] = {2, 1, 1, 6, 5};
  const PetscReal weights[] = {1, 0, -1}, spacing[] = {0, 1, -2};
  HGLoss          loss;
  HGTensor        y, t, classes, big, w;
  PetscReal       f;

  PetscCall(HGInitialize(&argc, &argv, NULL, NULL));
  PetscCall(HGLossCreate(PETSC_COMM_WORLD, &loss));
  PetscCall(Make(size, &y));
  PetscCall(Make(other, &big));
  PetscCall(HGTensorDuplicate(y, &t));
  ExpectError(HGLossEvaluate(loss, 3, y, t, NULL, &f), "before HGLossSetType()");
  ExpectError(HGLossSetType(loss, "angle"), "no loss \"angle\"|bce, cross_entropy, h1, huber, l1, mse, rel_l2|-train_loss");
  ExpectError(HGLossHuberSetDelta(loss, 0), "-loss_huber_delta 0|positive");
  ExpectError(HGLossH1SetWeight(loss, -1), "-loss_h1_weight -1|0 or more");
  ExpectError(HGLossH1SetSpacing(loss, spacing), "-2|along x");
  ExpectError(HGLossSetChannelWeights(loss, 3, weights), "-1|for channel 2");

  PetscCall(HGLossSetType(loss, HGLOSSMSE));
  ExpectError(HGLossEvaluate(loss, 3, y, big, NULL, &f), "not laid out as the output|HGLossCreateTarget");
  PetscCall(HGLossSetChannelWeights(loss, 2, weights));
  ExpectError(HGLossEvaluate(loss, 3, y, t, NULL, &f), "2 channel weights|4 channels|-loss_channel_weights");
  PetscCall(HGLossSetChannelWeights(loss, 0, NULL));
  ExpectError(HGLossCreateWeights(loss, y, wrong, &w), "weights of 2 points along axis n|3");
  PetscCall(HGLossCreateWeights(loss, y, point, &w));
  PetscCall(HGLossSetWeights(loss, w));
  ExpectError(HGLossEvaluate(loss, 3, y, t, NULL, &f), "weights of the loss sum to 0|3 samples");
  PetscCall(HGTensorDestroy(&w));
  PetscCall(HGLossSetWeights(loss, big));
  ExpectError(HGLossEvaluate(loss, 3, y, t, NULL, &f), "weights are not laid out|HGLossCreateWeights");
  PetscCall(HGLossSetWeights(loss, NULL));

  ExpectError(HGLossAccuracy(loss, 3, y, t, &f), "accuracy is of classes|cross_entropy");
  PetscCall(HGLossSetType(loss, HGLOSSRELL2));
  ExpectError(HGLossEvaluate(loss, 3, y, t, NULL, &f), "target of sample 0|zero everywhere|-train_loss mse");

  PetscCall(HGLossSetType(loss, HGLOSSCROSSENTROPY));
  ExpectError(HGLossEvaluate(loss, 3, y, t, NULL, &f), "4 channels|index of the class");
  PetscCall(HGLossCreateTarget(loss, y, &classes));
  PetscCall(HGLossEvaluate(loss, 3, y, classes, NULL, &f));
  PetscCheck(PetscAbsReal(f - PetscLogReal(4)) < 1e-15, PETSC_COMM_WORLD, PETSC_ERR_PLIB, "four equal logits have the cross entropy %.17g",
             (double)f);
  PetscCall(Put(classes, 4));
  ExpectError(HGLossEvaluate(loss, 3, y, classes, NULL, &f), "sample 2|class 4|from 0 to 3");
  PetscCall(HGLossEvaluate(loss, 2, y, classes, NULL, &f)); /* not among the samples that count */
  PetscCall(Put(classes, -1));
  ExpectError(HGLossEvaluate(loss, 3, y, classes, NULL, &f), "sample 2|class -1|from 0 to 3");
  PetscCall(Put(classes, 1.5));
  ExpectError(HGLossEvaluate(loss, 3, y, classes, NULL, &f), "sample 2|class 1.5|whole numbers");
  PetscCall(HGLossCreateWeights(loss, y, point, &w));
  PetscCall(HGTensorSet(w, 1));
  PetscCall(Put(w, 0));
  PetscCall(HGLossSetWeights(loss, w));
  PetscCall(HGLossEvaluate(loss, 3, y, classes, NULL, &f)); /* hidden */
  PetscCall(HGTensorDestroy(&w));

  PetscCall(HGTensorDestroy(&y));
  PetscCall(HGTensorDestroy(&t));
  PetscCall(HGTensorDestroy(&classes));
  PetscCall(HGTensorDestroy(&big));
  PetscCall(HGLossDestroy(&loss));
  PetscCall(HGFinalize());
  return 0;
}
