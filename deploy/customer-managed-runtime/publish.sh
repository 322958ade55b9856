#!/bin/sh
# Publishes coldmoon as a customer-managed runtime and points its alias `live` to it.
# Usage: publish.sh REPOSITORY VERSION [arm64|x86_64]
#   REPOSITORY  of ECR, in the functions' region: 111122223333.dkr.ecr.eu-west-1.amazonaws.com/coldmoon
#   VERSION     a name that was not used before, such as v1
# Needs docker, logged in to the repository, and an AWS CLI that knows lambda-core's runtimes (October 2026).
# A function then has Runtime: custom and RuntimeConfig: { RuntimeArn: arn:aws:lambda:REGION:ACCOUNT:runtime/coldmoon-ARCHITECTURE, RuntimeAlias: live }.
set -eu
if [ $# -lt 2 ]; then
	echo "usage: publish.sh REPOSITORY VERSION [arm64|x86_64]" >&2
	exit 2
fi
repository=$1 version=$2 architecture=${3:-arm64}
# The name says for what it is: a version is for one architecture.
runtime=coldmoon-$architecture
image=$repository:$version-$architecture
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

coldmoon layer --arch "$architecture" --output "$work/layer.zip"
unzip -q "$work/layer.zip" -d "$work/layer"
docker build --platform "linux/$(echo "$architecture" | sed s/x86_64/amd64/)" --provenance=false --file "$here/Dockerfile" --tag "$image" "$work"
docker push "$image"

aws lambda-core get-runtime --runtime-name "$runtime" >"$work/reply" 2>&1 || aws lambda-core create-runtime --name "$runtime" >"$work/reply"
aws lambda-core create-runtime-version --runtime-name "$runtime" --name "$version" --image-uri "$image"
if aws lambda-core get-runtime-alias --runtime-name "$runtime" --name live >"$work/reply" 2>&1; then
	aws lambda-core update-runtime-alias --runtime-name "$runtime" --name live --runtime-version "$version"
else
	aws lambda-core create-runtime-alias --runtime-name "$runtime" --name live --runtime-version "$version"
fi
