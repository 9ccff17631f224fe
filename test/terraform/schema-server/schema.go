package main

import (
	"encoding/json"
	"fmt"
	"os"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// document is one provider's schema, as the tests write it beside the program.
type document struct {
	Provider  block
	Resources map[string]block
	Data      map[string]block
	Ephemeral map[string]block
}

type block struct {
	Attributes map[string]attribute
	Blocks     map[string]nestedBlock
}

type attribute struct {
	Type      json.RawMessage
	Nested    *nestedAttributes
	Required  bool
	Optional  bool
	Computed  bool
	Sensitive bool
	WriteOnly bool
}

type nestedAttributes struct {
	Nesting    string
	Attributes map[string]attribute
}

type nestedBlock struct {
	block
	Nesting  string
	Required bool
	Only     bool
}

func readDocument(file string) (document, error) {
	var read document
	raw, err := os.ReadFile(file)
	if err != nil {
		return read, err
	}
	return read, json.Unmarshal(raw, &read)
}

func (b block) schema() (*tfprotov6.SchemaBlock, error) {
	made := &tfprotov6.SchemaBlock{}
	attributes, err := schemaAttributes(b.Attributes)
	if err != nil {
		return nil, err
	}
	made.Attributes = attributes
	for name, nested := range b.Blocks {
		inner, err := nested.schema()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		made.BlockTypes = append(made.BlockTypes, nested.wrap(name, inner))
	}
	return made, nil
}

func (n nestedBlock) wrap(name string, inner *tfprotov6.SchemaBlock) *tfprotov6.SchemaNestedBlock {
	made := &tfprotov6.SchemaNestedBlock{TypeName: name, Block: inner, Nesting: tfprotov6.SchemaNestedBlockNestingModeList}
	switch n.Nesting {
	case "single":
		made.Nesting = tfprotov6.SchemaNestedBlockNestingModeSingle
		return made
	case "set":
		made.Nesting = tfprotov6.SchemaNestedBlockNestingModeSet
	}
	if n.Required {
		made.MinItems = 1
	}
	if n.Only {
		made.MaxItems = 1
	}
	return made
}

func schemaAttributes(given map[string]attribute) ([]*tfprotov6.SchemaAttribute, error) {
	made := make([]*tfprotov6.SchemaAttribute, 0, len(given))
	for name, a := range given {
		one := &tfprotov6.SchemaAttribute{
			Name: name, Required: a.Required, Optional: a.Optional, Computed: a.Computed, Sensitive: a.Sensitive, WriteOnly: a.WriteOnly,
		}
		if a.Nested == nil {
			typed, err := tftypes.ParseJSONType(a.Type) //nolint:staticcheck // the one parser of Terraform's own notation
			if err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
			one.Type = typed
		} else {
			inner, err := schemaAttributes(a.Nested.Attributes)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
			one.NestedType = &tfprotov6.SchemaObject{Attributes: inner, Nesting: nestingOf(a.Nested.Nesting)}
		}
		made = append(made, one)
	}
	return made, nil
}

func nestingOf(name string) tfprotov6.SchemaObjectNestingMode {
	switch name {
	case "single":
		return tfprotov6.SchemaObjectNestingModeSingle
	case "set":
		return tfprotov6.SchemaObjectNestingModeSet
	}
	return tfprotov6.SchemaObjectNestingModeList
}
