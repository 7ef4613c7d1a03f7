# Draws what a command costs by the number of payments in the journal:
#   gnuplot -c docs/performance/journal.gnuplot BEFORE.csv AFTER.csv >docs/performance/journal.svg
# The columns are those of .ci/journal_costs/run.py.
set terminal svg size 760,420 font "sans-serif,13" background "white"
set datafile separator ","
set key outside right
set logscale xy
set xrange [0.7:2e6]
set xlabel "payments in the journal (0 is drawn at 1)"
set ylabel "processor time of a command, milliseconds"
set xtics ("0" 1, "1 000" 1e3, "10 000" 1e4, "100 000" 1e5, "1 000 000" 1e6)
set ytics ("1" 1, "10" 10, "100" 100, "1 000" 1e3, "10 000" 1e4, "100 000" 1e5)
set yrange [1:3e5]
set grid ytics lc rgb "#dddddd"
at(x) = x < 1 ? 1 : x
of(file, name) = sprintf("< grep -h ',%s,' %s", name, file)
plot of(ARG1, "pay") using (at($1)):5 with linespoints lw 2 dt 2 lc rgb "#c0392b" title "pay, before", \
     of(ARG1, "list --unresolved") using (at($1)):5 with linespoints lw 2 dt 2 lc rgb "#8e44ad" title "list, before", \
     of(ARG1, "recover") using (at($1)):5 with linespoints lw 2 dt 2 lc rgb "#d68910" title "recover, before", \
     of(ARG2, "pay") using (at($1)):5 with linespoints lw 2 lc rgb "#c0392b" title "pay", \
     of(ARG2, "list --unresolved") using (at($1)):5 with linespoints lw 2 lc rgb "#8e44ad" title "list", \
     of(ARG2, "recover") using (at($1)):5 with linespoints lw 2 lc rgb "#d68910" title "recover"
