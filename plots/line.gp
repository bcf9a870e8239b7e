# y against x, a line a value of `by`. Whole powers apart read better on a logarithmic x axis.
load system(sprintf("dirname '%s'", ARG0)).'/common.gp'
set xlabel xname noenhanced
set ylabel yname noenhanced
set grid xtics ytics linetype 1 linewidth 0.8 linecolor rgb '#c8c8c8'
set yrange [0:*]
stats data every ::1 using (strcol(1)+0) nooutput
if (STATS_min >= 1 && STATS_max / STATS_min >= 8) { set logscale x 2; set xtics out nomirror }
plot for [i=0:blocks-1] data index i using (strcol(1)+0):2 with linespoints linewidth 2 pointtype 7 \
  linecolor rgb colour[i%8+1] title columnheader(1)
