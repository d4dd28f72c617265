// Answers questions on packages with osv-scanner's own matching code. Called with a file of records
// and a file of questions, one JSON value a line.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"

	"github.com/google/osv-scalibr/enricher/vulnmatch/osvlocal/internal/vulns"
	"github.com/google/osv-scalibr/extractor"
	"github.com/google/osv-scalibr/inventory/osvecosystem"
	"github.com/ossf/osv-schema/bindings/go/osvschema"
)

type question struct {
	Ecosystem, Name, Version string
}

type answer struct {
	Hits    []string `json:"hits"`
	Unknown []string `json:"unknown"`
}

func eachLine(path string, do func([]byte)) {
	file, err := os.Open(path)
	if err != nil {
		panic(err)
	}
	defer file.Close()
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 1<<28)
	for lines.Scan() {
		do(lines.Bytes())
	}
	if lines.Err() != nil {
		panic(lines.Err())
	}
}

// A version that is none ends in a panic there.
func isAffected(record *osvschema.Vulnerability, pkg *extractor.Package) (affected, known bool) {
	defer func() {
		if recover() != nil {
			affected, known = false, false
		}
	}()
	return vulns.IsAffected(record, pkg), true
}

func main() {
	byName := map[string][]*osvschema.Vulnerability{}
	eachLine(os.Args[1], func(line []byte) {
		record := &osvschema.Vulnerability{}
		if err := json.Unmarshal(line, record); err != nil {
			panic(err)
		}
		if record.Withdrawn != "" {
			return
		}
		seen := map[string]bool{}
		for _, affected := range record.Affected {
			name := affected.GetPackage().GetName()
			if !seen[name] {
				byName[name] = append(byName[name], record)
			}
			seen[name] = true
		}
	})
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	eachLine(os.Args[2], func(line []byte) {
		var asked question
		if err := json.Unmarshal(line, &asked); err != nil {
			panic(err)
		}
		pkg := &extractor.Package{
			Name:    asked.Name,
			Version: asked.Version,
			Of:      osvecosystem.MustParse(asked.Ecosystem),
		}
		said := answer{Hits: []string{}, Unknown: []string{}}
		for _, record := range byName[asked.Name] {
			affected, known := isAffected(record, pkg)
			if !known {
				said.Unknown = append(said.Unknown, record.Id)
			} else if affected {
				said.Hits = append(said.Hits, record.Id)
			}
		}
		text, _ := json.Marshal(said)
		fmt.Fprintln(out, string(text))
	})
}
