# opam 2.4 and later: exit code 0 says yes, 1 no, another one that one is no version.
"$PROGRAM" admin compare-versions --lt 1 2 >/dev/null 2>&1 || {
	echo "opam $("$PROGRAM" --version) has no 'opam admin compare-versions'" >&2
	exit 3
}
echo "opam: $("$PROGRAM" --version)"
while IFS="$SEPARATOR" read -r left right; do
	"$PROGRAM" admin compare-versions --lt -- "$left" "$right" >/dev/null 2>&1
	case $? in
	0) echo '<' ;;
	1)
		if "$PROGRAM" admin compare-versions --eq -- "$left" "$right" >/dev/null 2>&1; then
			echo '='
		else
			echo '>'
		fi
		;;
	*) echo '!' ;;
	esac
done <"$1"
