// Package extractor stands for the package of this name, as far as matching needs it.
package extractor

import "github.com/google/osv-scalibr/inventory/osvecosystem"

// Package is what is asked about, already by the name that advisories have.
type Package struct {
	Name, Version string
	Of            osvecosystem.Parsed
}
