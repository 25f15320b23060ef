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
header=epoch,loss,validation,learning_rate,seconds,equation,initial,boundary,observations,equation_weight,initial_weight,boundary_weight,observations_weight,nu
[ "$(head -1 h.csv)" = $header ] && [ "$(cut -d, -f1 h.csv | tr '\n' ' ')" = 'epoch 10 20 ' ] || fail "$(head -1 h.csv)"

small=("${mlp[@]}" -coord_equation_points 50 -train_stages adam:2)
refused 2 '-coord_problem heat: give one of: burgers, poisson' train "${small[@]}" -coord_problem heat
refused 1 'needs an equation; choose one with -physics_type, or an example with -coord_problem' train "${small[@]}"
refused 2 'coord_equation_points 0: give a whole number, 1 or more' train "${mlp[@]}" -coord_problem poisson -coord_equation_points 0
refused 1 'smooth second derivatives; choose -net_activation tanh' train "${small[@]}" -coord_problem poisson -net_activation relu
refused 2 'the residual of term "observations" at the point (.*) is infinite' train "${small[@]}" -coord_problem burgers -coord_observations 5 -coord_noise 1e200
refused 1 'train_stages adam: give' train "${small[@]}" -coord_problem poisson -train_stages adam
refused 1 'has no such parameter' train "${small[@]}" -coord_problem burgers -physics_unknown k -coord_observations 5
refused 1 'needs observations' train "${small[@]}" -coord_problem burgers -physics_unknown nu
refused 1 'no option -coord_initial_points' train "${small[@]}" -coord_problem poisson -coord_initial_points 5
refused 1 'p1.nc holds the network .*-net_width 24 .*; the options ask for .*-net_width 12' train "${mlp[@]}" -coord_problem poisson -net_depth 2 -train_stages adam:200,lmvm:600 \
    -model_input p1.nc -net_width 12 -model_output p3.nc

# A run that resumes in the middle of a stage ends in the same bits
train=(train "${small[@]:0:6}" -coord_problem burgers -coord_observations 20 -physics_unknown nu -net_width 8 -net_depth 2 -model_output)
refused 1 'no optimizer "absent"' "${train[@]}" absent.nc -train_stages adam:20,absent:1
run 2 "${train[@]}" whole.nc -train_stages adam:20,sgd:10 -tao_sgd_lr 1e-4
run 2 "${train[@]}" half.nc -train_stages adam:20,sgd:10 -tao_sgd_lr 1e-4 -tao_max_it 7
run 2 "${train[@]}" half.nc -train_stages adam:20,sgd:10 -tao_sgd_lr 1e-4 -model_input half.nc
cmp -s whole.nc half.nc || fail "a resumed run differs: $(cat out)"
# Also one whose points are refined on the way, stopped between two refinements and where one is due
refined=(-coord_rar_every 4 -coord_rar_add 5 -train_stages adam:20)
run 2 "${train[@]}" whole.nc "${refined[@]}"
for n in 7 8; do
    run 2 "${train[@]}" half.nc "${refined[@]}" -tao_max_it $n
    run 2 "${train[@]}" half.nc "${refined[@]}" -model_input half.nc
    cmp -s whole.nc half.nc || fail "a refined run that resumes after $n iterations differs: $(cat out)"
done
run 1 info whole.nc
grep -q 'refinements: 4' out || fail "$(cat out)"

# Every equation, against what simulate has computed: a trained network is closer than an untrained one
for equation in heat burgers advection_diffusion allen_cahn wave navier_stokes poisson darcy; do
    field=()
    [ $equation = darcy ] && field=(-darcy_field lognormal)
    run 1 simulate -problem $equation -grid 12,12 -samples 1 -seed 3 -output s.nc -output_dtype f64 "${field[@]}"
    points=("${mlp[@]}" -physics_type $equation -data_file s.nc -data_input a -data_target u -net_width 16 -net_depth 2 -coord_equation_points 144 \
        -coord_boundary_points 60)
    run 1 train "${points[@]}" -train_stages adam:1 -model_output e.nc
    before=$(value rel_l2)
    run 2 train "${points[@]}" -train_stages adam:100,lmvm:400 -model_output e.nc
    below "$(value rel_l2)" "$before"
    run 2 predict -model e.nc -hg_dtype f64 -coord_grid 5 -output e_u.nc
done

# Points with values in a data file: the network at them is that on its box, and trains on them as any other network
run 1 predict -model p1.nc -hg_dtype f64 -coord_grid 8 -output u.nc
run 1 simulate -problem poisson -grid 8,8 -samples 2 -output xy.nc -output_dtype f64
refused 1 'p1.nc holds a network of coordinates and its equation' train -data_file xy.nc -data_input a -data_target u -model_input p1.nc -model_output x.nc
run 2 train "${mlp[@]}" -data_file xy.nc -data_input a -data_target u -net_width 4 -net_depth 1 -train_epochs 2 -train_batch_size 2 -model_output x.nc
run 1 evaluate -model x.nc -data_file xy.nc -hg_dtype f64
[ -n "$(value rel_l2)" ] || fail "mlp on data: $(cat out)"

# A parameter of any equation from a field at the end of the time step
run 1 simulate -problem heat -grid 32 -samples 1 -seed 3 -physics_nu 0.05 -ts_dt 1e-3 -output h.nc -output_dtype f64
run 2 train "${mlp[@]}" -physics_type heat -data_file h.nc -data_input a -data_target u -physics_unknown nu -physics_unknown_start 0.01 -net_width 16 -net_depth 2 \
    -coord_equation_points 300 -coord_observations_weight 100 -train_stages adam:100,lmvm:1500 -model_output nu.nc
awk -v nu="$(value nu)" 'BEGIN { exit !(nu > 0.048 && nu < 0.052) }' || fail "nu is not 0.05: $(tail -2 out)"
run 1 info nu.nc
grep -q -- '-physics_nu 0.0\(5\|49\|48\|51\)' out || fail "the file has not the nu that was found: $(grep physics_nu out)"

refused 1 'train_checkpoint -1: give' train "${small[@]}" -coord_problem poisson -train_checkpoint -1

for command in predict evaluate; do
    run 1 "$command" -help
    grep -q -- '-coord_grid' out || fail "$command -help has no -coord_grid"
done
exit $((failures > 0))
