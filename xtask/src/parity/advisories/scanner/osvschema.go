// Package osvschema stands for the generated package of this name: a record, read from its JSON
// form, with the readers that matching calls.
package osvschema

// Kinds of ranges.
const (
	Range_ECOSYSTEM = "ECOSYSTEM"
	Range_SEMVER    = "SEMVER"
	Range_GIT       = "GIT"
)

type Vulnerability struct {
	Id, Withdrawn string
	Affected      []*Affected
}

type Affected struct {
	Package  *Package
	Ranges   []*Range
	Versions []string
}

type Package struct {
	Ecosystem, Name string
}

type Range struct {
	Type, Repo string
	Events     []*Event
}

type Event struct {
	Introduced   string
	Fixed        string
	Limit        string
	LastAffected string `json:"last_affected"`
}

func (v *Vulnerability) GetId() string            { return v.Id }
func (v *Vulnerability) GetAffected() []*Affected { return v.Affected }
func (a *Affected) GetPackage() *Package          { return a.Package }
func (a *Affected) GetRanges() []*Range           { return a.Ranges }
func (a *Affected) GetVersions() []string         { return a.Versions }
func (r *Range) GetType() string                  { return r.Type }
func (r *Range) GetRepo() string                  { return r.Repo }
func (r *Range) GetEvents() []*Event              { return r.Events }
func (e *Event) GetIntroduced() string            { return e.Introduced }
func (e *Event) GetFixed() string                 { return e.Fixed }
func (e *Event) GetLimit() string                 { return e.Limit }
func (e *Event) GetLastAffected() string          { return e.LastAffected }

func (p *Package) GetName() string {
	if p == nil {
		return ""
	}
	return p.Name
}

func (p *Package) GetEcosystem() string {
	if p == nil {
		return ""
	}
	return p.Ecosystem
}
