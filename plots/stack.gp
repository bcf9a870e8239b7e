# Where a token's time goes: one bar a result, in parts, with the rate above it.
load scripts.'/common.gp'
set style data histograms
set style histogram rowstacked
set style fill solid 0.9 border rgb 'white'
set boxwidth 0.6
set key invert
set offsets 0, 0, graph 0.1, 0
# The rate stands above each bar: with its unit, or without when that has no room, or not at all.
form = rows <= 6 ? '%.0f tokens/s' : '%.0f'
rate(dummy) = rows <= 16 ? sprintf(form, column(7)) : ''
if (rows > 6 && rows <= 16) { set xlabel 'above the bars: tokens/s of a user' }
# Slanted names need room below, which gnuplot does not work out for names from data.
if (is_slanted) {
  set xtics rotate by 40 right font small
  set bmargin 3 + 0.25 * longest
}
if (!is_slanted && lines_ > 1) { set bmargin 2 + 1.3 * lines_ }
# Beyond 32 bars every k-th has its name.
every_k = 1 + (rows - 1) / 32
name(dummy) = int(column(0)) % every_k == 0 ? strcol(1) : ''
total(dummy) = column(2) + column(3) + column(4) + column(5) + column(6)
# Without a column's head in use the head counts as row 0; bars stand at 0, 1, …
plot for [i=2:6] data using i:xtic(name(0)) title columnheader(i) linecolor rgb colour[i-1], \
  data using (column(0)-1):(total(0)):(rate(0)) with labels offset 0,0.8 notitle
