# apk-tools: prints the sign, and fails where one is no version.
echo "apk: $("$PROGRAM" --version | head -n 1)" || exit 3
while IFS="$SEPARATOR" read -r left right; do
	"$PROGRAM" version -t "$left" "$right" 2>/dev/null || echo '!'
done <"$1"
