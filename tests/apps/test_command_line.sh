#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# The command line: every way to write an option counts or is refused with what was meant, on all ranks, before any work
. "$HG_SRCDIR/tests/program.sh" || exit 1

run 1 simulate -grid 12,10 -samples 6 -output a.nc
data=(-data_file a.nc -data_input a -data_target u)
small=(-net_width 4 -net_depth 2 -model_output n.nc)

# epochs N ARGUMENTS...: train makes N epochs, and its output has no warning unless WARNING is set
epochs() {
    local n=$1
    shift
    run 1 train "${data[@]}" "${small[@]}" -train_history h.csv "$@"
    [ "$(($(wc -l < h.csv) - 1))" = "$n" ] || fail "train $*: not $n epochs but $(($(wc -l < h.csv) - 1))"
    if [ -z "${WARNING:-}" ]; then grep -q warning out && fail "train $*: $(grep warning out)"; fi
}

# warned WORDS: the last output has a warning with these words
warned() {
    grep -q "^halograd: warning: .*$1" out || fail "no warning '$1' in: $(cat out)"
}

# ---- names ----
for a in '--train_epochs 1' '-train_epochs=1' '--train_epochs=1' '-Train_Epochs 1'; do
    read -ra words <<< "$a"
    epochs 1 "${words[@]}"
done
printf '%s\n' '--train_epochs 1' '-data_shuffle=0' '# a comment' > run.opts
epochs 1 -options_file run.opts
epochs 1 --options_file=run.opts
epochs 2 -options_file run.opts --train_epochs 2 # the command line over a file, without a word
PETSC_OPTIONS='--train_epochs 1' epochs 1
PETSC_OPTIONS='-train_epochs=3' epochs 2 -train_epochs 2
echo '--train_epochs 1' > .petscrc
epochs 1
epochs 20 -skip_petscrc
rm .petscrc
PETSC_OPTIONS=--log_view refused 2 '--log_view in PETSC_OPTIONS: .* write it there as -log_view' train "${data[@]}"
refused 1 '-data_input=-a: a value that begins with a hyphen' train -data_file a.nc -data_input=-a

# ---- two values ----
export WARNING=1
epochs 2 -train_epochs 1 --train_epochs 2
warned '-train_epochs is given with 1 and with 2; the last one, 2, holds'
printf '%s\n' '-train_epochs 1' '-train_epochs 2' > two.opts
epochs 2 -options_file two.opts
warned '-train_epochs is given in two.opts with 1 and with 2'
epochs 1 -train_epochs 3 -options_file run.opts
warned '-train_epochs 3 of the command line is overridden by 1 of run.opts'
epochs 1 -train_epochs 1 -train_epochs 1 -tao_adam_lrs 1 -options_left 0
unset WARNING
epochs 1 -train_epochs 1 -train_epochs 1

# ---- unknown options ----
refused 2 'train has no option -train_epoch; did you mean -train_epochs?' train "${data[@]}" -train_epoch 1
refused 1 'train has no option --train_epoch\|train has no option -train_epoch; did you mean -train_epochs?' train "${data[@]}" --train_epoch 1
refused 1 'no option -train-epochs; did you mean -train_epochs?' train "${data[@]}" --train-epochs 1
refused 1 'no option -batch_size; did you mean -train_batch_size?' train "${data[@]}" -batch_size 1
refused 1 'no option -lr; did you mean -tao_adam_lr?' train "${data[@]}" -lr 1
refused 1 'no option -data_veiw; did you mean -data_view?' train "${data[@]}" -data_veiw
refused 1 'no option -da_processor_x; did you mean -da_processors_x?' train "${data[@]}" -da_processor_x 1
refused 1 'no option -tao_sgd_lr here; it goes with another -tao_type' train "${data[@]}" -tao_sgd_lr 1
refused 1 'no option -foo; -help lists' train "${data[@]}" -foo 1
refused 1 'simulate has no option -sampels; did you mean -samples?' simulate -sampels 1
refused 1 'simulate has no option -train_epochs; it is one of halograd train' simulate -train_epochs 1
refused 1 'simulate has no option -physics_nu here; it goes with another -physics_type' simulate -problem darcy -physics_nu 1
refused 1 'predict has no option -modle; did you mean -model?' predict -modle n.nc -data_file a.nc
refused 1 'evaluate has no option -data_rang; did you mean -data_range?' evaluate -model n.nc -data_file a.nc -data_rang 0,1
refused 1 'invert has no option -invert_evry; did you mean -invert_every?' invert -data_file a.nc -invert_evry 2
refused 1 'verify has no option -gird; did you mean -grid?' verify -gird 8
refused 1 'no option -linop_szie; did you mean -linop_size?' verify -linop_type halo -linop_szie 1
refused 1 'bench has no option -bench_sise; did you mean -bench_size?' bench conv -bench_sise 3
refused 1 'info has no option -foo' info a.nc -foo
refused 1 'no option -coord_problm; did you mean -coord_problem?' train -net_type mlp -coord_problm burgers
echo '-train_epoch 1' > typo.opts
refused 2 'no option -train_epoch, which is set by typo.opts; did you mean -train_epochs?' train "${data[@]}" -options_file typo.opts
printf '%s\n' '-train_epochs 1' '-predict_batch_size 2' '-tao_adam_lr 1e-3' > shared.opts # of several commands
epochs 1 -options_file shared.opts
run 1 predict -model n.nc -data_file a.nc -output p.nc -options_file shared.opts
grep -q warning out && fail "an options file of several commands: $(cat out)"
PETSC_OPTIONS='-train_epoch 1 -other_program 1' WARNING=1 epochs 1 -train_epochs 1
warned 'PETSC_OPTIONS sets -train_epoch, which is no option; did you mean -train_epochs?'
grep -q other_program out && fail "an option of another program: $(cat out)"

# PETSc's own pass, those that nobody asked for get a word
run 1 simulate -grid 8,8 -samples 1 -output s.nc -ksp_monitor -ksp_type cg -mg_levels_ksp_type chebyshev -log_view :log.txt -options_left
grep -q 'KSP Residual' out || fail "-ksp_monitor: $(cat out)"
[ -s log.txt ] || fail "-log_view :log.txt wrote nothing"
run 1 simulate -grid 8,8 -samples 1 -output s.nc -ksp_typ cg -pc_tpye mg -mg_levels_ksp_tpye cg
warned 'option -ksp_typ was not used; did you mean -ksp_type?'
warned 'option -pc_tpye was not used; did you mean -pc_type?'
warned 'option -mg_levels_ksp_tpye was not used; did you mean -mg_levels_ksp_type?'

run 2 simulate -grid 8,8 -samples 1 -output s.nc -da_processors_x 1 -da_processors_y 2 -options_left
grep -q warning out && fail "simulate -da_processors_x: $(cat out)"
refused 1 'predict has no option -tao_adam_lr; it is one of halograd train' predict -model n.nc -data_file a.nc -tao_adam_lr 1

# of a DMDA those are refused that would make another grid
refused 2 'options make a grid of 15 x 15 x 1 points .* of one of 8 x 8 x 1; leave .* -da_refine out' simulate -grid 8,8 -samples 1 -output x.nc -da_refine 1
refused 1 'options make a grid of 50 x 8 x 1 points' simulate -grid 8,8 -samples 1 -output x.nc -da_grid_x 50
run 2 train "${data[@]}" "${small[@]}" -train_epochs 1 -da_refine 1
warned 'option -da_refine was not used'

# ---- values ----
refused 2 '-train_epochs 99999999999: this number is too large' train "${data[@]}" -train_epochs 99999999999
refused 1 '-net_width -3: give a whole number, 1 or more' train "${data[@]}" -net_width -3
refused 1 '-train_batch_size 1e3: give a whole number' train "${data[@]}" -train_batch_size 1e3
refused 1 '-train_epochs has no value; give a whole number' train "${data[@]}" -train_epochs -net_width 3
refused 1 '-train_epochs has no value' train "${data[@]}" -train_epochs
refused 1 '-model_output has no value' train "${data[@]}" -model_output ''
refused 2 '-data_range 1,2,3: give two whole numbers' train "${data[@]}" -data_range 1,2,3
refused 1 '-data_validation_range 2: give two whole numbers' train "${data[@]}" -data_validation_range 2
refused 1 '-tao_adam_lr 1e400: this number is beyond double precision' train "${data[@]}" -tao_adam_lr 1e400
refused 1 '-tao_max_it 99999999999: give a whole number' train "${data[@]}" -tao_max_it 99999999999
refused 1 '-data_shuffle maybe: give true or false' train "${data[@]}" -data_shuffle maybe
refused 1 '-net_activation rleu: did you mean relu? There are: .*sin' train "${data[@]}" -net_activation rleu
refused 1 '-net_type unett: did you mean unet? There are: cnn, lenet5, mlp, resnet, unet' train "${data[@]}" -net_type unett
refused 1 'no optimizer "adamm"; did you mean adam? There are: adam, adamw, .*sgd' train "${data[@]}" -tao_type adamm
refused 1 'no optimizer "adamm"; did you mean adam?' train "${data[@]}" -train_stages adamm:3
refused 1 'train_stages adam:99999999999: give stages as type:iterations, .* 2147483647 iterations in all' train "${data[@]}" -train_stages adam:99999999999
refused 1 '-grid 8,,8: give 1 to 3 numbers with commas between them' simulate -grid 8,,8
refused 1 '-grid 65536,65536: \|-grid has .* points' simulate -grid 65536,65536
refused 1 '-seed 5000000000: this number is too large' simulate -seed 5000000000
refused 1 '-problem brugers: did you mean burgers? There are: advection_diffusion, allen_cahn, .*wave' simulate -problem brugers
refused 1 '-linop_size 1,2: give 5 numbers' verify -linop_type halo -linop_size 1,2
refused 1 '-model: this name of a file has 5000 characters' predict -model "$(printf 'x%.0s' {1..5000})" -data_file a.nc
refused 2 'options file .*nothing.opts' train "${data[@]}" -options_file nothing.opts

# ---- commands ----
refused 1 'no command "trian"; did you mean train? There are: simulate, train, predict, evaluate, invert, verify, bench, info' trian
refused 1 'no command "fly"; there are: simulate' fly
refused 1 'no benchmark "cnov"; did you mean conv? There are: peak, conv, step, halo' bench cnov
refused 1 'no command; halograd -help lists them' -train_epochs 1
run 1 -hg_dtype f64 -log_view info a.nc
grep -q 'variables:' out || fail "options before the command: $(cat out)"
run 1 -data_shuffle train --train_epochs 1 "${data[@]}" "${small[@]}"
run 1 --version
grep -q '^Halograd [0-9]' out || fail "--version: $(cat out)"

# ---- -help: status 0, nothing twice, nothing done, no error of what is missing ----
for c in '' simulate train 'train -net_type mlp' predict evaluate invert verify 'verify -linop_type halo' bench 'bench peak' 'bench conv' 'bench step' 'bench halo' info; do
    for h in -help --help -h; do
        read -ra words <<< "$c"
        before=$(ls -A)
        run 1 "${words[@]}" $h
        [ "$before" = "$(ls -A)" ] || fail "$c $h wrote a file"
        grep -E '^ +-(hg|net|data|train|model|predict|darcy|physics|coord|loss|invert|linop|bench|verify|tao_adam|output|grid)' out \
            | sed 's/^ *\(-[a-z0-9_]*\).*/\1/' | sort | uniq -d | grep . && fail "$c $h lists these options twice"
    done
    [ -z "$c" ] || grep -q -- '-hg_dtype <f32>: element type' out || fail "$c -help has no -hg_dtype: $(head out)"
done
run 1 train -help -train_epochs 7
grep -q -- '-train_epochs <7, default 20>: .*a whole number, 0 or more' out || fail "-help with a value: $(grep train_epochs out)"
for o in -data_file -data_view -net_view -physics_type -train_stages -loss_channel_weights -tao_adam_lr; do grep -q -- "^  $o " out || fail "train -help has no $o"; done
run 1 train -help -train_loss huber
grep -q -- '^  -loss_huber_delta <1>: .*a positive number' out || fail "train -help -train_loss huber: $(grep loss_ out)"
refused 1 'no option -loss_huber_delta here; it goes with another -train_loss' train "${data[@]}" -loss_huber_delta 2
refused 1 'no option -loss_h1_wieght; did you mean -loss_h1_weight?' train "${data[@]}" -train_loss h1 -loss_h1_wieght 2
run 1 simulate -help
grep -q -- '-problem <darcy>: .*one of advection_diffusion, allen_cahn, burgers, darcy, heat, navier_stokes, poisson, user, wave' out || fail "simulate -help: $(cat out)"

# ---- views: on standard output, and in a file ----
train=("${data[@]}" "${small[@]}" -train_epochs 1)
run 2 train "${train[@]}" -data_view -net_view -hg_view -physics_type darcy -physics_view
for w in 'grid: y=10, x=12' 'conv1' 'Halograd: 2 ranks' 'boundary conditions'; do grep -q "$w" out || fail "views of train: no '$w' in $(cat out)"; done
run 1 train "${train[@]}" -data_view :data.txt -net_view ascii:net.txt -hg_view ascii:hg.txt
grep -q 'grid: y=10, x=12' data.txt || fail "-data_view :data.txt: $(cat data.txt)"
grep -q 'conv1' net.txt || fail "-net_view ascii:net.txt: $(cat net.txt)"
grep -q 'Halograd: ' hg.txt || fail "-hg_view ascii:hg.txt: $(cat hg.txt)"
run 1 evaluate -model n.nc -data_file a.nc -data_view -net_view
grep -q 'grid: y=10, x=12' out || fail "evaluate -data_view: $(cat out)"
run 1 simulate -problem heat -grid 8,8 -samples 1 -output s.nc -physics_view
grep -q 'boundary conditions' out || fail "simulate -physics_view: $(cat out)"
run 1 verify -linop_type halo -linop_view
grep -q -i 'halo' out || fail "verify -linop_view: $(cat out)"
run 1 verify -net_depth 1 -grid 8 -net_view
grep -q 'conv1' out || fail "verify -net_view: $(cat out)"
exit "$((failures > 0))"
