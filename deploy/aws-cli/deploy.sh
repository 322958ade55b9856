#!/bin/sh
# AWS CLI: creates or updates a function. Usage: deploy.sh NAME ROLE-ARN [arm64|x86_64] [layer|zip], in the function's folder.
#   layer   the runtime in a layer of its own, which several functions may share (default)
#   zip     the runtime in the function's zip
# The role needs the policy AWSLambdaBasicExecutionRole.
set -eu
if [ $# -lt 2 ]; then
	echo "usage: deploy.sh NAME ROLE-ARN [arm64|x86_64] [layer|zip]" >&2
	exit 2
fi
name=$1 role=$2 architecture=${3:-arm64} kind=${4:-layer}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# What is deployed. In "$@" what is said of the function both when it is created and when its configuration changes.
set -- --runtime provided.al2023 --handler app.handler --memory-size 128 --timeout 10 --logging-config LogFormat=JSON
case $kind in
layer)
	coldmoon layer --arch "$architecture" --output "$work/layer.zip"
	coldmoon package --output "$work/function.zip"
	layer=$(aws lambda publish-layer-version --layer-name coldmoon --zip-file "fileb://$work/layer.zip" \
		--compatible-runtimes provided.al2023 --compatible-architectures "$architecture" --query LayerVersionArn --output text)
	set -- "$@" --layers "$layer"
	;;
zip) coldmoon package --with-runtime "$architecture" --output "$work/function.zip" ;;
*)
	echo "deploy.sh: neither layer nor zip: $kind" >&2
	exit 2
	;;
esac

if aws lambda get-function --function-name "$name" >"$work/function" 2>&1; then
	aws lambda update-function-code --function-name "$name" --architectures "$architecture" --zip-file "fileb://$work/function.zip" >"$work/reply"
	aws lambda wait function-updated-v2 --function-name "$name"
	aws lambda update-function-configuration --function-name "$name" --role "$role" "$@" >"$work/reply"
else
	aws lambda create-function --function-name "$name" --role "$role" --architectures "$architecture" \
		--zip-file "fileb://$work/function.zip" "$@" >"$work/reply"
	aws lambda wait function-active-v2 --function-name "$name"
fi
aws lambda wait function-updated-v2 --function-name "$name"
echo "deployed: $name"
