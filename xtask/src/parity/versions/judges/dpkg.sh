# dpkg: exit code 0 says yes, 1 no, 2 that one is no version. The space in front, which dpkg takes
# off, keeps a version from being read as an option.
"$PROGRAM" --version >/dev/null || exit 3
echo "dpkg: $("$PROGRAM" --version | head -n 1)"
while IFS="$SEPARATOR" read -r left right; do
	"$PROGRAM" --compare-versions " $left" lt " $right" 2>/dev/null
	case $? in
	0) echo '<' ;;
	1)
		if "$PROGRAM" --compare-versions " $left" eq " $right" 2>/dev/null; then
			echo '='
		else
			echo '>'
		fi
		;;
	*) echo '!' ;;
	esac
done <"$1"
