# Terraform or OpenTofu. With the layer, which several functions may share:
#   coldmoon layer --arch arm64 --output layer.zip
#   coldmoon package --output function.zip
#   terraform apply
# Without it, the runtime in the function's zip:
#   coldmoon package --with-runtime arm64 --output function.zip
#   terraform apply -var layer=false

terraform {
  required_version = ">= 1.5"
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.32"
    }
  }
}

variable "architecture" {
  description = "arm64 or x86_64"
  type        = string
  default     = "arm64"

  validation {
    condition     = contains(["arm64", "x86_64"], var.architecture)
    error_message = "Lambda has arm64 and x86_64."
  }
}

variable "layer" {
  description = "Whether the runtime is in a layer, not in the function's zip"
  type        = bool
  default     = true
}

data "aws_iam_policy_document" "assume" {
  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "Service"
      identifiers = ["lambda.amazonaws.com"]
    }
  }
}

resource "aws_iam_role" "function" {
  name_prefix        = "orders-"
  assume_role_policy = data.aws_iam_policy_document.assume.json
}

resource "aws_iam_role_policy_attachment" "logs" {
  role       = aws_iam_role.function.name
  policy_arn = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
}

resource "aws_lambda_layer_version" "runtime" {
  count                    = var.layer ? 1 : 0
  layer_name               = "coldmoon"
  filename                 = "${path.module}/layer.zip"
  source_code_hash         = filebase64sha256("${path.module}/layer.zip")
  compatible_runtimes      = ["provided.al2023"]
  compatible_architectures = [var.architecture]
}

resource "aws_lambda_function" "orders" {
  function_name    = "orders"
  role             = aws_iam_role.function.arn
  filename         = "${path.module}/function.zip"
  source_code_hash = filebase64sha256("${path.module}/function.zip")
  handler          = "app.handler"
  runtime          = "provided.al2023"
  architectures    = [var.architecture]
  layers           = aws_lambda_layer_version.runtime[*].arn
  memory_size      = 128
  timeout          = 10

  logging_config {
    log_format = "JSON"
  }
}

output "function_name" {
  value = aws_lambda_function.orders.function_name
}
