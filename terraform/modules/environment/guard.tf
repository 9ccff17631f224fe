# `prevent_destroy` cannot depend on a variable, but whether a thing is there can: with it in the plan, a destroy of a protected environment
# is refused as a whole, before anything is touched. To take it down all the same: first apply with protected = false.
resource "terraform_data" "guard" {
  count = var.protected ? 1 : 0

  input = local.name
  lifecycle {
    prevent_destroy = true
  }
}
