// Package osvecosystem stands for the package of this name: an ecosystem and its release, which
// are those of another where they are the same, or where one of them has no release.
package osvecosystem

import "strings"

// Parsed is an ecosystem and its release.
type Parsed struct {
	Ecosystem, Suffix string
}

// IsEmpty says whether it is none.
func (p Parsed) IsEmpty() bool { return p.Ecosystem == "" }

// Equal says whether advisories on one speak of packages of the other.
func (p Parsed) Equal(other Parsed) bool {
	if p.Suffix == "" || other.Suffix == "" {
		return p.Ecosystem == other.Ecosystem
	}
	return p == other
}

// MustParse reads what the schema writes.
func MustParse(text string) Parsed {
	ecosystem, suffix, _ := strings.Cut(text, ":")
	return Parsed{Ecosystem: ecosystem, Suffix: suffix}
}
