# Where a token's time goes: one bar a result, in parts, with the rate above it.
load system(sprintf("dirname '%s'", ARG0)).'/common.gp'
set style data histograms
set style histogram rowstacked
set style fill solid 0.9 border rgb 'white'
set boxwidth 0.6
set ylabel 'time of one token (µs)'
set yrange [0:*]
set offsets 0, 0, graph 0.12, 0
set xtics noenhanced
plot for [i=2:6] data using i:xtic(1) title columnheader(i) linecolor rgb colour[i-1], \
  data using (column(0)-1):(column(2)+column(3)+column(4)+column(5)+column(6)):(sprintf('%.0f tokens/s', column(7))) \
    with labels offset 0,0.8 notitle
