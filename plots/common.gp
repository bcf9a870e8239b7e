# What all pictures share: the terminal by the file's ending, a white ground, a grid that is seen,
# colours that stay apart for colour-blind eyes (Okabe and Ito, 2008), darkest for what matters most.
# Variables from the program: scripts, data, file, title_, subtitle, ylabel_, and the kind's own.
set encoding utf8
ending = file[strlen(file)-2:strlen(file)]
if (!exists('height')) height = 560
small = ending eq 'svg' ? ',11' : ',9'
if (ending eq 'svg') {
  set terminal svg enhanced background rgb 'white' size 900,height font 'DejaVu Sans,13'
} else {
  set terminal pngcairo enhanced background rgb 'white' size 900,height font 'DejaVu Sans,11'
}
set output file
set datafile missing '?'
# Titles stand over the axes, not over the key: what is longer than they are would be cut.
lines = ''
do for [part in 'title_ subtitle'] {
  text = value(part)
  room = part eq 'title_' ? 80 : 64
  # Lines of about the same length: none has one word alone.
  rows_ = (strlen(text) + room - 1) / room
  if (rows_ > 1) { even_ = strlen(text) / rows_ + 8; room = even_ < room ? even_ : room }
  if (strlen(text) > 0) {
    lines = lines.(strlen(lines) > 0 ? "\n" : '').word(text, 1)
    left_ = room - strlen(word(text, 1))
    do for [i = 2:words(text)] {
      lines = lines.(left_ > strlen(word(text, i)) ? ' ' : "\n").word(text, i)
      left_ = (left_ > strlen(word(text, i)) ? left_ : room) - strlen(word(text, i)) - 1
    }
  }
}
set title lines noenhanced
set ylabel ylabel_ noenhanced
set grid ytics linetype 1 dashtype 1 linewidth 0.8 linecolor rgb '#c8c8c8'
set border 3 linecolor rgb '#404040'
set tics nomirror out
set xtics noenhanced
set yrange [*<0:*]
set key outside right top vertical Left reverse noenhanced
array colour[8] = ['#0072b2', '#e69f00', '#009e73', '#d55e00', '#cc79a7', '#56b4e9', '#000000', '#999999']
