// Go: golang.org/x/mod/semver for modules, go/version for the toolchain.
package main

import (
	"bufio"
	"fmt"
	"go/version"
	"os"
	"runtime"
	"strings"

	"parity/semver"
)

func main() {
	file, err := os.Open(os.Args[1])
	if err != nil {
		panic(err)
	}
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	fmt.Fprintln(out, "Go:", runtime.Version())
	pairs := bufio.NewScanner(file)
	for pairs.Scan() {
		left, right, _ := strings.Cut(pairs.Text(), "\x1f")
		fmt.Fprintln(out, judge(left, right))
	}
}

func judge(left, right string) string {
	compare, valid := version.Compare, version.IsValid
	if !strings.HasPrefix(left, "go") && !strings.HasPrefix(right, "go") {
		compare, valid = semver.Compare, semver.IsValid
		left, right = signed(left), signed(right)
	}
	if !valid(left) || !valid(right) {
		return "!"
	}
	return [...]string{"<", "=", ">"}[compare(left, right)+1]
}

func signed(module string) string {
	if strings.HasPrefix(module, "v") {
		return module
	}
	return "v" + module
}
