# An environment planned whole, with all that its modules make, behind environment-mocks.tftest.hcl; what the plan has to show is in the tests
# beside this file.

run "plan" {
  command = plan
}
