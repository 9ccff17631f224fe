package main

import (
	"context"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// What every text of an ephemeral resource is: tests look for it where no secret may be.
const ephemeralText = "EPHEMERAL-SECRET-OF-THE-TESTS"

func (s *server) ValidateEphemeralResourceConfig(context.Context, *tfprotov6.ValidateEphemeralResourceConfigRequest) (*tfprotov6.ValidateEphemeralResourceConfigResponse, error) {
	return &tfprotov6.ValidateEphemeralResourceConfigResponse{}, nil
}

func (s *server) OpenEphemeralResource(_ context.Context, asked *tfprotov6.OpenEphemeralResourceRequest) (*tfprotov6.OpenEphemeralResourceResponse, error) {
	known := s.known.Ephemeral[asked.TypeName]
	schema, err := known.schema()
	if err != nil {
		return nil, err
	}
	typed := schema.ValueType()
	config, err := asked.Config.Unmarshal(typed)
	if err != nil {
		return nil, err
	}
	values := map[string]tftypes.Value{}
	if err := config.As(&values); err != nil {
		return nil, err
	}
	for name, each := range known.Attributes {
		if value := values[name]; each.Computed && value.IsNull() && value.Type().Is(tftypes.String) {
			values[name] = tftypes.NewValue(tftypes.String, ephemeralText)
		}
	}
	made, err := tfprotov6.NewDynamicValue(typed, tftypes.NewValue(typed, values))
	if err != nil {
		return nil, err
	}
	return &tfprotov6.OpenEphemeralResourceResponse{Result: &made}, nil
}

func (s *server) RenewEphemeralResource(context.Context, *tfprotov6.RenewEphemeralResourceRequest) (*tfprotov6.RenewEphemeralResourceResponse, error) {
	return &tfprotov6.RenewEphemeralResourceResponse{}, nil
}

func (s *server) CloseEphemeralResource(context.Context, *tfprotov6.CloseEphemeralResourceRequest) (*tfprotov6.CloseEphemeralResourceResponse, error) {
	return &tfprotov6.CloseEphemeralResourceResponse{}, nil
}
