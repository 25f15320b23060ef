#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Training that is stopped by signals, killed with a rank or with its launcher, or meets another job: what is saved, what the status says, and that it
# goes on in the same bits. HG_KILLS=40 kills 40 times.
. "$HG_SRCDIR/tests/program.sh" || exit 1
[ -r /proc/self/exe ] || { echo 'skip: processes are found by /proc'; exit 77; }

run 1 simulate -problem darcy -grid 16,16 -samples 21 -seed 1 -output s.nc
train=(train -data_file s.nc -data_input a -data_target u -net_type resnet -net_depth 1 -net_width 4 -net_dropout 0.1 -train_batch_size 3 -train_epochs 400
    -train_schedule cosine -train_history)
ranks=2
run $ranks "${train[@]}" whole.csv -model_output whole.nc

# processes NAME: the ranks whose arguments have the name
processes() {
    local p
    for p in /proc/[0-9]*; do
        [[ $(readlink "$p/exe") == */halograd ]] && tr '\0' ' ' < "$p/cmdline" | grep -q -- "$1" && echo "${p#/proc/}"
    done 2> /dev/null
}

# begin NAME EPOCHS OPTIONS...: in the background, until so many epochs are done; sets job
begin() {
    local name=$1 epochs=$2 wait=0
    shift 2
    rm -f "$name.csv"
    "${mpiexec[@]}" -n $ranks "$halograd" "${train[@]}" "$name.csv" -model_output "$name.nc" "$@" > "$name.out" 2> "$name.err" < /dev/null &
    job=$!
    until [ "$(cat "$name.csv" 2> /dev/null | wc -l)" -gt "$epochs" ] || [ $((wait++)) = 3000 ]; do sleep 0.02; done
}

# gone NAME: no rank is left after a while
gone() {
    local wait=0
    while [ -n "$(processes "$1.nc")" ] && [ $((wait++)) -lt 100 ]; do sleep 0.1; done
    [ -z "$(processes "$1.nc")" ] || fail "$1: ranks go on: $(processes "$1.nc")"
}

# same NAME: it goes on to the end, with the bits and the history of the run that was not stopped, and leaves nothing beside its files
same() {
    local from=()
    if [ -e "$1.nc" ]; then from=(-model_input "$1.nc"); fi
    run $ranks "${train[@]}" "$1.csv" -model_output "$1.nc" "${from[@]}"
    cmp -s "$1.nc" whole.nc || fail "$1: the model is another one"
    cut -d, -f1-4 "$1.csv" | cmp -s - <(cut -d, -f1-4 whole.csv) || fail "$1: the history is another one: $(cut -d, -f1-4 "$1.csv" | diff - <(cut -d, -f1-4 whole.csv) | head -5)"
    # shellcheck disable=SC2012
    [ -z "$(ls -A | grep "^\.$1")" ] || fail "$1 leaves $(ls -A | grep "^\.$1")"
}

# told NAME SIGNAL: the one line that it has been stopped with
told() {
    ours "$1.err" > "$1.own"
    [ "$(grep -c . "$1.own")" = 1 ] || fail "$1: $(cat "$1.own")"
    grep -q "^halograd: SIG$2: stopped after .*; go on with -model_input $1.nc" "$1.own" || fail "$1: $(cat "$1.own")"
}

# A signal to the launcher, or to one rank: the batch is finished, the model written, one line says so. MPICH's mpiexec ends at once with
# SIGINT, and that of Open MPI 5 with SIGTERM, so these go to a rank
torank=INT
! "${mpiexec[@]}" --version 2>&1 | grep -q 'Open MPI) [5-9]' || torank='INT TERM'
for signal in TERM INT USR1; do
    begin "s$signal" 3 -train_checkpoint 0
    if [[ " $torank " == *" $signal "* ]]; then kill -$signal "$(processes "s$signal.nc" | tail -1)"; else kill -$signal "$job"; fi
    wait "$job"
    status=$?
    # MPICH's mpiexec at times forgets its ranks' status when it has got a signal itself
    [ "$status" = $((128 + $(kill -l $signal))) ] || [[ $signal$status = @(TERM|USR1)0 ]] || fail "SIG$signal: exit status $status"
    told "s$signal" $signal
    gone "s$signal"
    run 1 info "s$signal.nc"
    same "s$signal"
done

# A rank is killed in mid-training, in the midst of writing too: the others stop, and the last checkpoint is whole
for ((k = 0; k < ${HG_KILLS:-3}; k++)); do
    begin "k$k" $((k * 13 % 50 + 1)) -train_checkpoint 1
    # shellcheck disable=SC2207
    victims=($(processes "k$k.nc"))
    [ "${#victims[@]}" = 0 ] || kill -9 "${victims[k % ${#victims[@]}]}"
    wait "$job" 2> /dev/null
    gone "k$k"
    same "k$k"
    rm -f "k$k".*
done

# The launcher is killed, or what started the ranks
for who in mpiexec proxy; do
    begin "$who" 3 -train_checkpoint 1
    rank=$(processes "$who.nc" | head -1)
    if [ "$who" = mpiexec ]; then kill -9 "$job"; else kill -9 "$(sed 's/.*) . \([0-9]*\) .*/\1/' "/proc/$rank/stat")"; fi
    wait "$job" 2> /dev/null
    gone "$who"
    same "$who"
done

# A second job with the same model file is refused, and does no harm
begin two 1
# shellcheck disable=SC2046
kill -STOP $(processes two.nc)
refused 2 'two.nc is in use: another job writes it, process [0-9]* on ' "${train[@]}" other.csv -model_output two.nc
# shellcheck disable=SC2046
kill -CONT $(processes two.nc)
wait "$job" || fail "the first of two jobs: $(cat two.err)"
cmp -s two.nc whole.nc || fail 'the first of two jobs has another model'

# The same signals for a network of coordinates, and for an inversion
coord=(train -net_type mlp -coord_problem burgers -coord_equation_points 500 -train_stages adam:100000000 -train_history_every 10 -train_history)
"${mpiexec[@]}" -n 2 "$halograd" "${coord[@]}" c.csv -model_output c.nc > out 2> err < /dev/null &
job=$!
until [ "$(cat c.csv 2> /dev/null | wc -l)" -gt 2 ]; do sleep 0.05; done
kill -USR1 "$(processes c.csv | tail -1)"
wait "$job"
[ $? = 138 ] || fail "coordinates: $(cat out err)"
grep -q '^halograd: SIGUSR1: stopped after [0-9]* epochs and 0 batches; go on with -model_input c.nc' err || fail "coordinates: $(cat err)"
run 1 evaluate -model c.nc -coord_grid 11
run 1 simulate -problem darcy -darcy_field lognormal -grid 12,12 -samples 40 -seed 1 -output d.nc -output_dtype f64
"${mpiexec[@]}" -n 2 "$halograd" invert -data_file d.nc -data_input a -invert_regularization 1e-8 -output f.nc > out 2> err < /dev/null &
job=$!
until grep -q 'invert sample=0' out || ! kill -0 "$job"; do sleep 0.05; done
kill -USR1 "$(processes f.nc | tail -1)"
wait "$job"
[ $? = 138 ] || fail "inversion: $(cat out err)"
grep -q '^halograd: SIGUSR1: stopped after [0-9]* of 40 samples' err || fail "inversion: $(cat err)"
run 1 info f.nc
grep -q 'a(sample=40, y=12, x=12).* missing' out || fail "inversion: $(cat out)"
exit $((failures > 0))
