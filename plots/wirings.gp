# Average hops and diameter against chips, a line a family, each with the Moore bound of 16 ports.
height = 980
load scripts.'/common.gp'
set logscale x 2
set logscale y 2
set xrange [*:*]
set yrange [1:*]
set ytics (1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 12, 16, 24, 32, 64, 128)
set grid xtics ytics linetype 1 linewidth 0.8 linecolor rgb '#c8c8c8'
shape(i) = i < 8 ? 7 : i < 16 ? 5 : 9
set key samplen 2 spacing 0.95
set lmargin 9
set rmargin 24
set multiplot
set size 1, 0.54
set origin 0, 0.46
set ylabel 'average hops'
set format x ''
plot for [i=0:blocks-1] data index i using 1:2 with linespoints pointtype shape(i) pointsize 1.1 \
    linewidth 0.8 linecolor rgb colour[i%8+1] title columnheader(1), \
  data index blocks using 1:2 with lines linewidth 2 dashtype 2 linecolor rgb '#606060' \
    title 'Moore bound'
set origin 0, 0
set size 1, 0.47
unset title
unset key
set format x '%g'
set xlabel 'chips'
set ylabel 'diameter, hops'
plot for [i=0:blocks-1] data index i using 1:3 with linespoints pointtype shape(i) pointsize 1.1 \
    linewidth 0.8 linecolor rgb colour[i%8+1] notitle, \
  data index blocks using 1:3 with steps linewidth 2 dashtype 2 linecolor rgb '#606060' notitle
unset multiplot
