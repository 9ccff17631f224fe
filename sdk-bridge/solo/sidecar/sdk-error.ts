/** A refusal of the SDK, with the gRPC code that both of its faces say. */
export const GRPC_UNKNOWN = 2;
export const GRPC_INVALID_ARGUMENT = 3;
export const GRPC_NOT_FOUND = 5;
export const GRPC_UNIMPLEMENTED = 12;

export class SdkError extends Error {
  readonly code: number;

  constructor(code: number, message: string) {
    super(message);
    this.name = 'SdkError';
    this.code = code;
  }
}

export const unknown = (message: string): SdkError => new SdkError(GRPC_UNKNOWN, message);

export const invalidArgument = (message: string): SdkError => new SdkError(GRPC_INVALID_ARGUMENT, message);
