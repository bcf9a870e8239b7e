# y for each x, a bar a value of `by`.
load system(sprintf("dirname '%s'", ARG0)).'/common.gp'
set xlabel xname noenhanced
set ylabel yname noenhanced
set style data histograms
set style histogram clustered gap 1
set style fill solid 0.9 border rgb 'white'
set yrange [0:*]
set xtics noenhanced
plot for [i=0:blocks-1] data index i using 2:xtic(1) linecolor rgb colour[i%8+1] title columnheader(1)
