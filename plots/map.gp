# Cells over x and y, coloured by a third column, with a bound of y as a line.
load scripts.'/common.gp'
set xlabel xlabel_ noenhanced
set cblabel cblabel_ noenhanced offset 2
if (is_grid) {
  # A cell each pair of values: its number, or why there is none.
  stats data index 0 using 3 nooutput
  set palette defined (0 '#fff4e0', 1 '#f08030')
  set cbrange [(STATS_min < 0.5 * STATS_max ? 0 : STATS_min):STATS_max]
  eval 'set xtics ('.xtics_.')'
  eval 'set ytics ('.ytics_.')'
  set grid noxtics noytics
  set tics scale 0
  set xrange [-0.5:columns-0.5]
  set yrange [-0.5:lines_-0.5]
  set style fill solid 1 border rgb 'white'
  set rmargin 16
  set bmargin 6
  set key below center horizontal noenhanced samplen 1
  refusals = refused == 0 ? '' : ", data index 1 using 1:2:(0.5):(0.5) with boxxyerror linecolor rgb '#e4e4e4' notitle, " \
    .'data index 1 using 1:2:3 with labels font small textcolor rgb "#707070" notitle, ' \
    .'keyentry with points pointtype 5 pointsize 2 linecolor rgb "#e4e4e4" title ' \
    .'"none: too little memory, too few chips or layers, or no such split"'
  eval 'plot data index 0 using 1:2:(0.5):(0.5):3 with boxxyerror linecolor palette notitle, ' \
    .'data index 0 using 1:2:(sprintf("%.3g", $3)) with labels font small textcolor rgb "#202020" notitle'.refusals
  exit
}
stats data index 0 using 3:4 nooutput
left = STATS_min_x; right = STATS_max_y
stats data index 0 using 5:6 nooutput
low = STATS_min_x; high = STATS_max_y
stats data index 0 using 7 nooutput
most = STATS_max
if (is_log_x) { set logscale x 2 }
if (is_log_y) { set logscale y 10 }
set xrange [left:right]
set yrange [low:high]
is_share = most <= 1
if (is_share) {
  # Nothing is blue; the least of something is far from it.
  set palette defined (0 '#56b4e9', 0.001 '#fbe3c0', 1 '#b03a00')
  set cbrange [0:1]
} else {
  # Other than shares cells have their number written in; dark letters must stay readable.
  set palette defined (0 '#fff4e0', 1 '#f08030')
  set cbrange [0:most]
}
set style fill solid 1 border rgb 'white'
set key below horizontal noenhanced samplen 2
set bmargin 6
set rmargin 14
if (has_bound) {
  plot data index 0 using 1:2:3:4:5:6:7 with boxxyerror linecolor palette notitle, \
    data index 1 using 1:2 with linespoints linewidth 3 pointtype 7 linecolor rgb '#000000' title bound_, \
    keyentry with points pointtype 5 pointsize 2 linecolor rgb '#56b4e9' title cblabel_.': 0'
} else { if (!is_share) {
  plot data index 0 using 1:2:3:4:5:6:7 with boxxyerror linecolor palette notitle, \
    data index 0 using (is_log_x ? sqrt($3 * $4) : ($3 + $4) / 2):(is_log_y ? sqrt($5 * $6) : ($5 + $6) / 2):(sprintf('%.3g', $7)) \
      with labels font small textcolor rgb '#202020' notitle
} else {
  plot data index 0 using 1:2:3:4:5:6:7 with boxxyerror linecolor palette notitle, \
    keyentry with points pointtype 5 pointsize 2 linecolor rgb '#56b4e9' title cblabel_.': 0'
} }
