#!/bin/sh
# The completions know the options and commands of `weir --help`, and no others.
. "${srcdir:-.}/tests/lib/tap.sh"
folder=$(cd "$srcdir/completions" && pwd)

"$WEIR" --help >"$tmp/help"
{
	grep -oE -e '--[a-z][a-z-]*' "$tmp/help"
	sed -n 's/^  \(-[A-Za-z]\), --.*/\1/p' "$tmp/help"
} | sort -u >"$tmp/options"
{
	sed -n 's/^  weir \([a-z][a-z]*\).*/\1/p' "$tmp/help"
	echo run
	echo help
} | sort -u >"$tmp/commands"
check "--help has options" test "$(wc -l <"$tmp/options")" -gt 35
check "and commands" test "$(wc -l <"$tmp/commands")" -ge 9
# Every one that the program takes is in its help.
for option in $(sed -n 's/^    {"\([a-z-]*\)", \(no\|required\)_argument.*/\1/p' \
	"$srcdir/src/options.c"); do
	grep -qx -e "--$option" "$tmp/options" || echo "$option"
done >"$tmp/unsaid"
is "--help has them all" "$(tr '\n' ' ' <"$tmp/unsaid")" ""

# SHELL FILE: the lines are those of the other file.
same() {
	sort -u "$tmp/$1.found" >"$tmp/$1.sorted"
	check "$1: the $2 are those of --help" diff "$tmp/$2" "$tmp/$1.sorted"
}

# bash is asked what it would offer.
if command -v bash >/dev/null 2>&1; then
	ask() {
		bash -c '. "$0/weir.bash"
			COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
			_weir
			printf "%s\n" "${COMPREPLY[@]}"' "$folder" "$@"
	}
	(cd "$tmp" && ask weir -) >"$tmp/bash.found"
	same bash options
	mkdir "$tmp/empty"
	(cd "$tmp/empty" && ask weir '') >"$tmp/bash.found"
	same bash commands
	is "bash: what begins alike" "$(ask weir run --the)" --theme
	is "bash: values" "$(ask weir run --theme = m)" mono
	is "bash: of a word of their own, too" "$(ask weir --glyphs br)" braille
	touch "$tmp/empty/some.json"
	is "bash: files of a command" \
		"$(cd "$tmp/empty" && ask weir check so)" some.json
fi
sed -n -e "s/^	'\(--[a-z-]*\)[=[].*/\1/p" \
	-e 's/.*{\(-[a-zA-Z]\),\(--[a-z-]*\)=}.*/\1 \2/p' "$folder/_weir" |
	tr ' ' '\n' >"$tmp/zsh.found"
same zsh options
sed -n "s/^	'\([a-z]*\):.*/\1/p" "$folder/_weir" >"$tmp/zsh.found"
same zsh commands
sed -n -e 's/^complete -c weir.* -s \([a-zA-Z]\) .*/-\1/p' \
	-e 's/^complete -c weir.* -l \([a-z-]*\) .*/--\1/p' \
	"$folder/weir.fish" >"$tmp/fish.found"
sed -n -e 's/^complete -c weir -s [a-zA-Z] -l \([a-z-]*\) .*/--\1/p' \
	"$folder/weir.fish" >>"$tmp/fish.found"
same fish options
sed -n 's/^complete -c weir -n __fish_use_subcommand -a \([a-z]*\) .*/\1/p' \
	"$folder/weir.fish" >"$tmp/fish.found"
same fish commands
# Their syntax, where they are.
for shell in 'bash weir.bash' 'zsh _weir' 'fish weir.fish'; do
	command -v "${shell% *}" >/dev/null 2>&1 || continue
	check "${shell% *} can read it" "${shell% *}" -n "$folder/${shell#* }"
done

finish
