// Package osvutil stands for the package of this name: names need no translation here.
package osvutil

import (
	"github.com/google/osv-scalibr/extractor"
	"github.com/google/osv-scalibr/inventory/osvecosystem"
)

// NormalizedPackage is a package by the name that advisories have.
type NormalizedPackage struct {
	Name      string
	Ecosystem osvecosystem.Parsed
	Version   string
	Commit    string
}

// ParsePackage gives the package as it is.
func ParsePackage(pkg *extractor.Package) NormalizedPackage {
	return NormalizedPackage{Name: pkg.Name, Ecosystem: pkg.Of, Version: pkg.Version}
}
