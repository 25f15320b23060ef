#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Coordinate networks with the program: a short training on 1 and 2 ranks, evaluate and predict from the model file, refinement, and
# what is refused
. "$HG_SRCDIR/tests/program.sh" || exit 1

# below VALUE BOUND
below() {
    awk -v v="$1" -v b="$2" 'BEGIN { exit !(v != "" && v + 0 < b) }' || fail "$1 is not below $2: $(cat out)"
}

value() { sed -n "s/.* $1=\([^ ]*\).*/\1/p" out; }

mlp=(-net_type mlp -hg_dtype f64)
poisson=("${mlp[@]}" -coord_problem poisson -net_width 24 -net_depth 2 -coord_equation_points 400 -coord_boundary_points 100 -coord_grid 41)
for ranks in 1 2; do
    run $ranks train "${poisson[@]}" -train_stages adam:200,lmvm:600 -model_output p$ranks.nc
    below "$(value rel_l2)" 3e-3
    error[ranks]=$(value rel_l2)
done
# After 5 iterations the ranks have not parted
for ranks in 1 2; do
    run $ranks train "${poisson[@]}" -train_stages adam:5 -coord_rar_every 3 -coord_rar_add 10
    loss[ranks]=$(value loss)
done
[ "${loss[1]}" = "${loss[2]}" ] || fail "losses ${loss[1]} and ${loss[2]}"
run 1 evaluate -model p1.nc -hg_dtype f64 -coord_grid 41
[ "$(value rel_l2)" = "${error[1]}" ] || fail "evaluate gives $(value rel_l2), train ${error[1]}"
run 2 predict -model p1.nc -hg_dtype f64 -coord_grid 21 -output u.nc
run 1 info u.nc
grep -q 'u(sample=1, y=21, x=21)' out || fail "$(cat out)"
run 1 train "${mlp[@]}" -coord_problem burgers -net_width 8 -net_depth 2 -coord_equation_points 200 -coord_observations 50 \
    -physics_unknown nu -coord_sampling lhs -train_stages adam:20 -train_history h.csv -train_history_every 10 -coord_grid 11
[ "$(head -1 h.csv)" = iteration,loss,equation,initial,boundary,observations,nu,seconds ] || fail "$(head -1 h.csv)"

small=("${mlp[@]}" -coord_equation_points 50 -train_stages adam:2)
refused 2 '-coord_problem heat: give one of: burgers, poisson' train "${small[@]}" -coord_problem heat
refused 1 'needs a problem; choose one with -coord_problem' train "${small[@]}"
refused 2 'coord_equation_points 0: give a whole number, 1 or more' train "${mlp[@]}" -coord_problem poisson -coord_equation_points 0
refused 1 'net_activation relu: .* smooth second derivatives' train "${small[@]}" -coord_problem poisson -net_activation relu
refused 2 'is not finite at the point' train "${small[@]}" -coord_problem burgers -coord_observations 5 -coord_noise 1e200
refused 1 'train_stages adam: give' train "${small[@]}" -coord_problem poisson -train_stages adam
refused 1 'has no such parameter' train "${small[@]}" -coord_problem burgers -physics_unknown k -coord_observations 5
refused 1 'needs observations' train "${small[@]}" -coord_problem burgers -physics_unknown nu
refused 1 'no option -coord_initial_points' train "${small[@]}" -coord_problem poisson -coord_initial_points 5
refused 1 'fc1 has' train "${poisson[@]}" -model_input p1.nc -net_width 12

# A run that ends badly leaves its last checkpoint, which is the model that a run of as many iterations writes
train=(train "${small[@]}" -coord_problem poisson -model_output)
"${mpiexec[@]}" -n 2 "$halograd" "${train[@]}" checkpoint.nc -train_stages adam:20,absent:1 -train_checkpoint 10 > out 2>&1 && fail "an unknown optimizer: $(cat out)"
run 2 "${train[@]}" whole.nc -train_stages adam:20
run 1 evaluate -model whole.nc -hg_dtype f64
grep '^evaluate' out > whole
run 1 evaluate -model checkpoint.nc -hg_dtype f64
grep '^evaluate' out | diff - whole || fail "a checkpoint is not the model of its iteration"
refused 1 'train_checkpoint -1: give' train "${small[@]}" -coord_problem poisson -train_checkpoint -1

for command in predict evaluate; do
    run 1 "$command" -help
    grep -q -- '-coord_grid' out || fail "$command -help has no -coord_grid"
done
exit $((failures > 0))
