#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Types that a program registers train as those of the library do, on 1 and 2 ranks alike
. "$HG_SRCDIR/tests/program.sh" || exit 1
run 1 simulate -problem heat -grid 12,12 -samples 8 -output fields.nc -output_dtype f64
for ranks in 1 2; do
    limited 100 "${mpiexec[@]}" -n $ranks "$HG_BUILDDIR/tests/extend/extend" fields.nc > out 2>&1 < /dev/null || fail "on $ranks ranks: $(cat out)"
    grep loss out > "losses$ranks"
    grep -q 'the adjoint test holds' out || fail "the operator on $ranks ranks: $(cat out)"
    [ "$(grep -c 'then' "losses$ranks")" = 2 ] || fail "on $ranks ranks: $(cat out)"
done
diff <(grep then losses1) <(grep then losses2) || fail 'the losses depend on the ranks'
exit $((failures > 0))
