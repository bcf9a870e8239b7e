# Diameter and average hops against chips, a colour a family, with the Moore bound of 16 ports.
load scripts.'/common.gp'
set logscale x 2
set xrange [6:16384]
set xlabel 'chips'
set ylabel 'average hops (filled) and diameter (open)'
set yrange [0:14]
set grid xtics ytics linetype 1 linewidth 0.8 linecolor rgb '#c8c8c8'
shape(i) = i < 8 ? 7 : i < 16 ? 5 : 9
hollow(i) = shape(i) - 1
set key samplen 1 spacing 0.95
plot for [i=0:blocks-1] data index i using 1:2 with points pointtype shape(i) pointsize 1.1 \
    linecolor rgb colour[i%8+1] title columnheader(1), \
  for [i=0:blocks-1] data index i using 1:3 with points pointtype hollow(i) pointsize 1.1 \
    linecolor rgb colour[i%8+1] notitle, \
  data index blocks using 1:2 with lines linewidth 2 linecolor rgb '#606060' title 'Moore bound, average', \
  data index blocks using 1:3 with steps linewidth 1 dashtype 2 linecolor rgb '#606060' title 'Moore bound, diameter'
