# y for each x, a bar a series.
load scripts.'/common.gp'
set xlabel xlabel_ noenhanced
set style data histograms
set style histogram clustered gap 1
set style fill solid 0.9 border rgb 'white'
if (!(rows > 12) && rows * (longest + 2) > 70) { set xtics rotate by 20 right font small; set bmargin 5 + 0.1 * longest }
if (rows > 12) { set xtics rotate by -60 font small }
if (series == 1) { set key off }
if (series > 24) { set key off; set title sprintf("%s\n%d series, too many to name", title_, series) noenhanced }
plot for [i=2:series+1] data using i:xtic(1) linecolor rgb colour[(i-2)%8+1] title columnheader(i)
