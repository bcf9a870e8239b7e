# y against x, a line a series.
load scripts.'/common.gp'
set xlabel xlabel_ noenhanced
set grid xtics ytics linetype 1 dashtype 1 linewidth 0.8 linecolor rgb '#c8c8c8'
set offsets graph 0.03, graph 0.03, graph 0.06, 0
if (is_log) { set logscale x 2; set autoscale xfix } # 416 … 576 is no picture from 256 to 1024
if (is_log_y) { set logscale y 10; set yrange [*:*]; set format y '%g'; set offsets graph 0.03, graph 0.03, 0, 0 }
if (blocks > 24) { set key off; set title sprintf("%s\n%d series, too many to name", title_, blocks) noenhanced }
if (!is_text && tics_count <= (is_size ? 16 : 10)) { eval 'set xtics ('.xtics_.')' }
if (is_text && tics_count > 8 || is_size && tics_count > 9) { set xtics rotate by -60 font small }
if (is_text) {
  plot for [i=0:blocks-1] data index i using 1:2:xtic(3) with linespoints linewidth 2 \
    pointtype 4+i%8 pointsize 1 dashtype 1+(i/8)%5 linecolor rgb colour[i%8+1] title columnheader(1)
} else {
  # Bounds are dashed: black when all series share one, else in the colour of theirs.
  plot for [i=0:blocks-1] data index i using 1:2 with linespoints linewidth 2 \
    pointtype 4+i%8 pointsize 1 dashtype 1+(i/8)%5 linecolor rgb colour[i%8+1] title columnheader(1), \
    for [i=0:bounds-1] data index blocks+i using 1:2 with lines linewidth 1.5 dashtype 2 \
    linecolor rgb (bounds == 1 ? '#000000' : colour[int(word(bound_of.' 0', i+1))%8+1]) \
    title (i == 0 ? (bounds == 1 ? 'bound' : 'bounds, dashed') : '')
}
