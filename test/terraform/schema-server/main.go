// A Terraform provider that knows a schema and nothing else: enough to validate configurations and to run tests in which the provider is
// mocked. The schema stands in `schema.json` beside the program. What would ask a cloud is refused. Only what is ephemeral
// is made here, and is always the same (ephemeral.go): Terraform cannot mock it.
package main

import (
	"context"
	"log"
	"os"
	"path/filepath"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6/tf6server"
)

type server struct {
	tfprotov6.ProviderServer
	known document
}

func main() {
	program, err := os.Executable()
	if err != nil {
		log.Fatal(err)
	}
	known, err := readDocument(filepath.Join(filepath.Dir(program), "schema.json"))
	if err != nil {
		log.Fatal(err)
	}
	made := &server{known: known}
	if err := tf6server.Serve("lifeverse.invalid/schema/schema", func() tfprotov6.ProviderServer { return made }); err != nil {
		log.Fatal(err)
	}
}

func (s *server) GetMetadata(context.Context, *tfprotov6.GetMetadataRequest) (*tfprotov6.GetMetadataResponse, error) {
	return &tfprotov6.GetMetadataResponse{ServerCapabilities: &tfprotov6.ServerCapabilities{}}, nil
}

func (s *server) GetProviderSchema(context.Context, *tfprotov6.GetProviderSchemaRequest) (*tfprotov6.GetProviderSchemaResponse, error) {
	provider, err := s.known.Provider.schema()
	if err != nil {
		return nil, err
	}
	answer := &tfprotov6.GetProviderSchemaResponse{
		ServerCapabilities:       &tfprotov6.ServerCapabilities{},
		Provider:                 &tfprotov6.Schema{Block: provider},
		ResourceSchemas:          map[string]*tfprotov6.Schema{},
		DataSourceSchemas:        map[string]*tfprotov6.Schema{},
		EphemeralResourceSchemas: map[string]*tfprotov6.Schema{},
	}
	for _, group := range []struct {
		from map[string]block
		to   map[string]*tfprotov6.Schema
	}{
		{s.known.Resources, answer.ResourceSchemas},
		{s.known.Data, answer.DataSourceSchemas},
		{s.known.Ephemeral, answer.EphemeralResourceSchemas},
	} {
		for name, b := range group.from {
			made, err := b.schema()
			if err != nil {
				return nil, err
			}
			group.to[name] = &tfprotov6.Schema{Block: made}
		}
	}
	return answer, nil
}

func (s *server) ValidateProviderConfig(_ context.Context, asked *tfprotov6.ValidateProviderConfigRequest) (*tfprotov6.ValidateProviderConfigResponse, error) {
	return &tfprotov6.ValidateProviderConfigResponse{PreparedConfig: asked.Config}, nil
}

func (s *server) ValidateResourceConfig(context.Context, *tfprotov6.ValidateResourceConfigRequest) (*tfprotov6.ValidateResourceConfigResponse, error) {
	return &tfprotov6.ValidateResourceConfigResponse{}, nil
}

func (s *server) ValidateDataResourceConfig(context.Context, *tfprotov6.ValidateDataResourceConfigRequest) (*tfprotov6.ValidateDataResourceConfigResponse, error) {
	return &tfprotov6.ValidateDataResourceConfigResponse{}, nil
}

// OpenTofu asks it of a mocked provider between two runs; a state of the same schema is as it was.
func (s *server) UpgradeResourceState(_ context.Context, asked *tfprotov6.UpgradeResourceStateRequest) (*tfprotov6.UpgradeResourceStateResponse, error) {
	schema, err := s.known.Resources[asked.TypeName].schema()
	if err != nil {
		return nil, err
	}
	typed := schema.ValueType()
	state, err := asked.RawState.Unmarshal(typed)
	if err != nil {
		return nil, err
	}
	same, err := tfprotov6.NewDynamicValue(typed, state)
	if err != nil {
		return nil, err
	}
	return &tfprotov6.UpgradeResourceStateResponse{UpgradedState: &same}, nil
}

func (s *server) ConfigureProvider(context.Context, *tfprotov6.ConfigureProviderRequest) (*tfprotov6.ConfigureProviderResponse, error) {
	return &tfprotov6.ConfigureProviderResponse{}, nil
}

func (s *server) StopProvider(context.Context, *tfprotov6.StopProviderRequest) (*tfprotov6.StopProviderResponse, error) {
	return &tfprotov6.StopProviderResponse{}, nil
}
