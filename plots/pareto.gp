# Points over two columns, and the front of those that nothing beats in both, as steps.
load scripts.'/common.gp'
set xlabel xlabel_.(less_x ? '  (less is better)' : '  (more is better)') noenhanced
set ylabel ylabel_.(less_y ? '  (less is better)' : '  (more is better)') noenhanced
set grid xtics ytics linetype 1 dashtype 1 linewidth 0.8 linecolor rgb '#c8c8c8'
# Names stand on the outer side of the front: away from what it beats.
set offsets graph (less_x ? 0.14 : 0.06), graph (less_x ? 0.06 : 0.14), graph 0.08, graph 0.04
if (is_log_x) { set logscale x 10 } else { set xrange [*<0:*] }
if (is_log_y) { set logscale y 10; set yrange [*:*]; set format y '%g' }
# Between two front points the worse y holds: to the right of a point where more of x is better.
step = less_x ? 'steps' : 'fsteps'
draw = sprintf("data index 0 using 1:2 with %s linewidth 2 linecolor rgb '#000000' title 'front'", step)
side = sprintf('%s offset char %s,%s', less_x ? 'right' : 'left', less_x ? '-0.8' : '0.8', less_y ? '-0.6' : '0.7')
plot @draw, \
  for [i=1:blocks] data index i using 1:2 with points pointtype 4+(i-1)%8 pointsize 1 linewidth 1.5 \
    linecolor rgb colour[(i-1)%8+1] title columnheader(1), \
  data index 0 using 1:2 with points pointtype 7 pointsize 0.6 linecolor rgb '#000000' notitle, \
  data index 0 using 1:2:3 with labels noenhanced @side font small notitle
