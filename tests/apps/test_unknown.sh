#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# A parameter of an equation found with a network, and parameters and fields found without one: values, gradients, ranks, resuming, bad input
. "$HG_SRCDIR/tests/program.sh" || exit 1

run 1 simulate -problem heat -physics_nu 0.02 -grid 32,32 -samples 16 -seed 1 -output heat.nc
joint=(-data_file heat.nc -data_input a -data_target u -data_normalize global -hg_dtype f64 -physics_type heat -physics_unknown nu -physics_weight 1e-5)
run 2 train "${joint[@]}" -physics_unknown_start 0.1 -net_type cnn -net_depth 4 -net_width 8 -net_kernel 5 -net_activation tanh -train_batch_size 4 \
    -tao_adam_lr 5e-3 -train_stages adam:20,lmvm:300 -train_history h.csv -model_output joint.nc
tail -n 1 h.csv | awk -F, '{ e = $NF / 0.02 - 1; exit !(e * e < 0.06 * 0.06) }' || fail "heat: nu 0.02 was found to be $(tail -n 1 h.csv)"
[ "$(head -n 1 h.csv | sed 's/.*,//')" = nu ] || fail "history: $(head -n 1 h.csv)"
run 1 info joint.nc
grep -q -- "-physics_nu $(tail -n 1 h.csv | sed 's/.*,//;s/.$//')" out || fail "the model file does not hold the value found: $(cat out)"

# The gradient, PETSc's own differences
run 1 simulate -problem heat -physics_nu 0.02 -grid 12,10 -samples 8 -seed 1 -output small.nc
known=(-data_file small.nc -data_input a -data_target u -data_normalize global -hg_dtype f64 -physics_type heat -physics_weight 1e-4
    -net_type cnn -net_depth 2 -net_width 3 -net_activation tanh -train_batch_size 3)
small=("${known[@]}" -physics_unknown nu)
run 2 train "${small[@]}" -tao_type lmvm -train_epochs 1 -tao_test_gradient -model_output x.nc
sed -n 's/.*2-norm ||G - Gfd||.||G|| = \([0-9.e+-]*\),.*/\1/p' out | awk '{ n++; if ($1 > 1e-6) bad = 1 } END { exit bad || !n }' || fail "gradient: $(cat out)"

# On any ranks, and resumed in the same bits
for n in 1 2 3; do
    run "$n" train "${small[@]}" -train_epochs 4 -train_history "h$n.csv" -model_output "m$n.nc"
    tail -n 1 "h$n.csv" | cut -d, -f2,6- >> values
done
awk -F, 'NR == 1 { loss = $1; nu = $NF } { if (($1 / loss - 1)^2 > 1e-20 || ($NF / nu - 1)^2 > 1e-20) bad = 1 } END { exit bad || NR != 3 }' values || fail "ranks differ: $(cat values)"
run 2 train "${small[@]}" -train_epochs 4 -tao_max_it 5 -model_output half.nc
run 2 train "${small[@]}" -train_epochs 4 -model_input half.nc -model_output resumed.nc
cmp -s m2.nc resumed.nc || fail "a resumed run's file differs from that of the uninterrupted one"
cmp -s half.nc resumed.nc && fail "the resumed run did nothing"
run 2 predict -model m2.nc -data_file small.nc -output p.nc

bad=(train "${small[@]}" -train_epochs 1 -model_output bad.nc)

refused 2 'no parameter "mu"' "${bad[@]}" -physics_unknown mu
refused 2 'without observations' "${bad[@]}" -data_target none
refused 1 'preconditioned' "${bad[@]}" -physics_norm preconditioned
refused 1 'there is no equation' train -data_file small.nc -data_input a -data_target u -physics_unknown nu -model_output bad.nc
refused 2 'physics_unknown has no value' train "${known[@]}" -physics_unknown '' -model_input half.nc -model_output bad.nc
refused 2 'was trained with .*physics_unknown nu' train "${known[@]}" -model_input half.nc -model_output bad.nc

# ---- an input field with a network: the old state that a heat equation's solution comes from ----
run 1 simulate -problem heat -physics_nu 0.02 -grid 20,20 -samples 1 -seed 1 -output old.nc -output_dtype f64
field=(train -data_file old.nc -data_input u -data_target u -data_normalize global -hg_dtype f64 -physics_type heat -physics_nu 0.02 -physics_unknown a
    -physics_weight 1e-3 -invert_regularization 1e-6 -net_type cnn -net_depth 2 -net_width 8 -net_activation tanh)
run 2 "${field[@]}" -train_stages adam:100,lmvm:500 -tao_adam_lr 5e-3 -train_history h.csv -model_output field.nc -output found.nc
head -n 1 h.csv | grep -q 'roughness,.*roughness_weight$' || fail "history of a field: $(head -n 1 h.csv)"
for file in old found; do # the field's range; its whole error is 2 %
    run 1 info $file.nc
    sed -n 's/^  a(.* from \([-0-9.e+]*\) to \([-0-9.e+]*\).*/\1 \2/p' out
done > ranges
awk '{ lo[NR] = $1; hi[NR] = $2 } END { e = 0.06 * (hi[1] - lo[1]); exit !(NR == 2 && (lo[1] - lo[2])^2 < e * e && (hi[1] - hi[2])^2 < e * e) }' ranges \
    || fail "an input field: from and to $(cat ranges)"
tiny=("${field[@]}" -net_width 2)
run 1 simulate -problem heat -physics_nu 0.02 -grid 7,6 -samples 3 -seed 1 -output old.nc -output_dtype f64
run 2 "${tiny[@]}" -train_batch_size 2 -tao_type lmvm -train_epochs 1 -tao_test_gradient -invert_regularization 1e-3 -model_output x.nc
sed -n 's/.*2-norm ||G - Gfd||.||G|| = \([0-9.e+-]*\),.*/\1/p' out | awk '{ n++; if ($1 > 1e-6) bad = 1 } END { exit bad || !n }' || fail "gradient with a field: $(cat out)"
for n in 1 2 3; do
    run "$n" "${tiny[@]}" -train_epochs 4 -train_batch_size 2 -train_history "f$n.csv" -model_output "f$n.nc"
    tail -n 1 "f$n.csv" | cut -d, -f2,6-9 >> field_values
done
awk -F, 'NR == 1 { split($0, first) } { for (i = 1; i <= 5; i++) if (first[i] && ($i / first[i] - 1)^2 > 1e-18) bad = 1 } END { exit bad || NR != 3 }' field_values \
    || fail "ranks differ: $(cat field_values)"
run 2 "${tiny[@]}" -train_epochs 4 -train_batch_size 2 -tao_max_it 5 -model_output half.nc
run 2 "${tiny[@]}" -train_epochs 4 -train_batch_size 2 -model_input half.nc -model_output resumed.nc
cmp -s f2.nc resumed.nc || fail "a resumed run's file with a field differs from that of the uninterrupted one"
refused 2 'was trained with .*-invert_regularization 9' "${tiny[@]}" -train_epochs 4 -train_batch_size 2 -model_input half.nc -model_output bad.nc -invert_regularization 2e-6
refused 2 'without observations' "${tiny[@]}" -data_target none -model_output bad.nc
refused 2 'no such folder' "${tiny[@]}" -train_epochs 1000000 -output nowhere/a.nc -model_output bad.nc
refused 2 'is for an unknown input field' train "${known[@]}" -invert_regularization 1e-3 -model_output bad.nc
refused 2 'with -physics_unknown a only' train "${known[@]}" -output bad.nc
refused 1 'it must be positive' train -data_file old.nc -data_input u -data_target u -physics_type darcy -physics_unknown a -physics_unknown_start -1 -model_output bad.nc

# ---- without a network ----

# value NAME: of NAME=... in out
value() { sed -n "s/.*[ ]$1=\([0-9.e+-]*\).*/\1/p" out | tail -n 1; }
near() { awk -v a="$1" -v b="$2" -v tol="$3" 'BEGIN { exit !(a != "" && (a - b)^2 <= tol * tol * b * b) }'; }

while IFS='|' read -r equation unknown simulated start options; do
    # shellcheck disable=SC2086
    run 1 simulate -problem "$equation" -physics_"$unknown" "$simulated" $options -grid 14,12 -samples 2 -seed 3 -output i.nc -output_dtype f64
    for n in 1 2; do
        # shellcheck disable=SC2086
        run $n invert -physics_type "$equation" -data_file i.nc -physics_unknown "$unknown" -physics_"$unknown" "$start" $options
        near "$(value "$unknown")" "$simulated" 1e-5 || fail "$equation on $n ranks: $unknown is $simulated, found $(cat out)"
    done
done << 'EOF'
heat|nu|0.02|0.1|
burgers|nu|0.03|0.2|-physics_theta 0.5
wave|c|0.8|1|-physics_bc_x periodic
poisson|kappa|2|1|-physics_bc_x robin:1:1:1
EOF

# Darcy's permeability from the pressure; PETSc tests the gradient
run 1 simulate -problem darcy -darcy_field lognormal -grid 24,24 -samples 2 -seed 1 -output darcy.nc -output_dtype f64
run 2 invert -data_file darcy.nc -data_input a -invert_regularization 1e-8 -output found.nc -hg_dtype f64
awk -v e="$(sed -n 's/.*fields found \([0-9.e+-]*\).*/\1/p' out)" 'BEGIN { exit !(e != "" && e < 0.08) }' || fail "darcy: $(cat out)"
run 1 info found.nc
grep -q 'a(sample=2, y=24, x=24)' out || fail "found.nc: $(cat out)"
run 1 simulate -problem darcy -darcy_field lognormal -grid 7,6 -samples 1 -seed 1 -output tiny.nc -output_dtype f64
run 1 invert -data_file tiny.nc -data_input a -tao_max_it 0 -output tiny_found.nc # no iteration: newer TAO refuses the number
run 1 invert -data_file tiny.nc -data_input a -invert_regularization 1e-4 -invert_every 2 -tao_test_gradient -tao_max_it 1 -ksp_rtol 1e-13 -output tiny_found.nc
sed -n 's/.*2-norm ||G - Gfd||.||G|| = \([0-9.e+-]*\),.*/\1/p' out | awk '{ n++; if ($1 > 1e-5) bad = 1 } END { exit bad || !n }' || fail "gradient of darcy: $(cat out)"

# The trainer's: history, schedules, stages, model files; where the equation has no solution the search steps back
run 1 simulate -problem heat -physics_nu 0.02 -grid 14,12 -samples 3 -seed 3 -output i.nc -output_dtype f64
search=(invert -physics_type heat -data_file i.nc -physics_unknown nu -physics_nu 0.1)
run 2 "${search[@]}" -train_stages adam:30,lmvm:50 -tao_adam_lr 0.1 -train_history h.csv -model_output staged.nc
near "$(value nu)" 0.02 1e-6 || fail "stages: $(cat out)"
[ "$(head -n 1 h.csv)" = epoch,loss,validation,learning_rate,seconds,nu ] && [ "$(sed -n '31s/,.*//p' h.csv)" = 30 ] || fail "history: $(cat h.csv)"
run 1 info staged.nc
grep -q 'physics_options:.*-physics_nu 0.0\(2\|19999\)' out && grep -q 'unknown: nu' out || fail "the model file: $(cat out)"
steps=("${search[@]}" -tao_type adam -tao_adam_lr 0.1 -train_batch_size 2 -train_schedule cosine -train_epochs 12)
run 2 "${steps[@]}" -model_output whole.nc
run 2 "${steps[@]}" -tao_max_it 9 -model_output half.nc
run 2 "${steps[@]}" -model_input half.nc -model_output resumed.nc
grep -q 'resumes half.nc after 4 epochs and 1 batches' out || fail "resuming: $(cat out)"
cmp -s whole.nc resumed.nc || fail "a resumed search's file differs from that of the uninterrupted one"
field=(invert -data_file darcy.nc -data_input a -data_range 1,2 -invert_regularization 1e-8 -tao_type adam -tao_adam_lr 0.05 -output_dtype f64)
run 2 "${field[@]}" -train_epochs 5 -model_output f.nc -output f5.nc
run 1 "${field[@]}" -train_epochs 9 -model_input f.nc -output f9.nc
resumed=$(value misfit)
run 2 "${field[@]}" -train_epochs 9 -output f9.nc
near "$(value misfit)" "$resumed" 1e-8 || fail "a field resumed on other ranks: misfit $resumed, and $(cat out)"
run 1 simulate -problem burgers -physics_nu 0.05 -grid 14,12 -samples 2 -seed 3 -output b.nc -output_dtype f64 -physics_theta 0.5
run 1 invert -physics_type burgers -data_file b.nc -physics_unknown nu -physics_nu 5 -physics_theta 0.5 -snes_max_it 3
near "$(value nu)" 0.05 1e-5 || fail "stepping back: $(cat out)"
run 1 invert -physics_type heat -data_file i.nc -physics_unknown nu -physics_nu 0 -physics_unknown_start 0.1
near "$(value nu)" 0.02 1e-6 || fail "a start of its own: $(cat out)"

refused 2 'holds one search, but there are 2 samples; choose one with -data_range 0,1' invert -data_file darcy.nc -model_output x.nc
refused 2 'holds one search' invert -data_file darcy.nc -train_history x.csv
refused 2 'holds a search for nu, this one is for log a' invert -data_file darcy.nc -data_range 0,1 -model_input whole.nc
refused 2 'joint.nc holds no search' "${search[@]}" -model_input joint.nc
refused 2 'whole.nc is of the equation .*-physics_dt 0.1 ' "${search[@]}" -model_input whole.nc -physics_dt 0.2
refused 2 'is for an unknown input field' "${search[@]}" -invert_regularization 1e-3
refused 1 'nu starts at 0' "${search[@]}" -physics_nu 0 -physics_unknown_start 0
refused 1 'whole.nc holds no network' predict -model whole.nc -data_file i.nc
refused 2 'SNES\|TS solver' invert -physics_type burgers -data_file b.nc -physics_unknown nu -physics_nu 5 -snes_max_it 1
refused 2 'no parameter "mu"' invert -data_file heat.nc -physics_type heat -physics_unknown mu
refused 2 'starts from -invert_start' invert -data_file darcy.nc -physics_unknown_start 2
refused 2 'must be positive' invert -data_file darcy.nc -invert_start -1
refused 1 'leave -ts_type and -ts_dt' invert -data_file heat.nc -physics_type heat -physics_unknown nu -ts_dt 0.01
refused 1 'have 1 channels, those of wave have 2' invert -data_file heat.nc -physics_type wave -physics_unknown c
refused 1 'soft is for training' invert -data_file heat.nc -physics_type heat -physics_unknown nu -physics_bc soft
refused 1 'darcy.nc' invert -data_file darcy.nc -output darcy.nc
exit "$((failures > 0))"
