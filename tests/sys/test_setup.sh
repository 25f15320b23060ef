#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# scripts/setup: a choice holds until another is made, ranks may print in any order, a step that failed shows why
. "$HG_SRCDIR/tests/program.sh" || exit 1
unset PETSC_DIR PETSC_ARCH
export XDG_CACHE_HOME=$folder/cache
mkdir -p bin cache/halograd/mpich/{log,stamps,src}
sed '$d' "$HG_SRCDIR/scripts/setup" > functions # all but the call of main
grep -q '^main() {' functions || fail "scripts/setup does not end with the call of main"

# shellcheck disable=SC1091,SC2154 # the functions, and what they set
chosen() { (. ./functions && parse_arguments "$@" > out && remember && echo "$mpi:$petsc_dir:$petsc_arch"); }

# chooses WANTED ARGUMENTS...
chooses() {
    local wanted=$1 found
    shift
    found=$(chosen "$@" 2> err) || found=$(cat err)
    # shellcheck disable=SC2254 # wanted is a pattern
    case $found in
        $wanted) ;;
        *) fail "scripts/setup $*, PETSC_DIR=${PETSC_DIR:-}: $found, not $wanted" ;;
    esac
}

chooses mpich::
chooses openmpi:: --mpi=openmpi
chooses openmpi::
PETSC_DIR=/some/petsc PETSC_ARCH=arch chooses petsc:/some/petsc:arch
chooses openmpi::
PETSC_ARCH=arch chooses petsc:/other/petsc:arch --petsc=/other/petsc
chooses petsc:/other/petsc:arch
PETSC_DIR=/some/petsc chooses petsc:/some/petsc:
PETSC_DIR=/some/petsc chooses openmpi:: --mpi=openmpi
chooses mpich:: --mpi=mpich
chooses mpich::
PETSC_DIR=$folder/cache/halograd/mpich chooses mpich::
chooses '*not both*' --mpi=openmpi --petsc=/some/petsc
chooses '*unknown argument*--mpi=lam*' --mpi=lam

# program NAME: a script of that name, from standard input
program() { { echo '#!/bin/bash'; cat; } > "bin/$1" && chmod +x "bin/$1"; }
program mpiexec <<< "exec $MPIEXEC \"\$@\""
program separate <<< 'shift 2; "$@" & "$@"; wait $!'
program apt-get <<< 'case $* in *update) echo "E: the mirror is gone" ;; *) printf "E: no package %d\n" {1..30} ;; esac; exit 100'
program apt-cache <<< 'exit 100'

# in_setup COMMAND...: with the variables that main sets
# shellcheck disable=SC1091,SC2034,SC2154
in_setup() { (. ./functions && root=$prefix/mpich signature=test cc=$(sed -n 's/^CC = //p' "$HG_BUILDDIR/Makefile") && PATH=$PWD/bin:$PATH && "$@") > out 2> err; }

# said TEXT...: the last command did
said() { for text in "$@"; do grep -q "$text" err || fail "no '$text' in: $(cat err)"; done; }

for _ in 1 2 3 4 5; do mpiexec=$PWD/bin/mpiexec in_setup check_mpiexec || fail "check_mpiexec: $(cat err)"; done
mpiexec=$PWD/bin/separate in_setup check_mpiexec && fail "check_mpiexec takes two programs of one rank for one of two"
said 'does not start one program on 2 ranks'

in_setup stage step "A step" bash -c 'echo the reason; exit 3' && fail "a stage that fails is not noticed"
said 'the reason' "'A step' failed; the whole output is in .*/log/step.log"
in_setup stage packages "Some packages" apt_install abc && fail "packages that are not there are not noticed"
said 'the mirror is gone' 'no package 30'
in_setup find_source petsc && fail "a source package that is not there is not noticed"
said 'the mirror is gone' "no source package 'petsc'"
exit "$((failures > 0))"
