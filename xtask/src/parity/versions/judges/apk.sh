# apk-tools: prints the sign, and fails where one is no version.
"$PROGRAM" --version >/dev/null || exit 3
echo "apk: $("$PROGRAM" --version | head -n 1)"
while IFS="$SEPARATOR" read -r left right; do
	"$PROGRAM" version -t "$left" "$right" 2>/dev/null || echo '!'
done <"$1"
