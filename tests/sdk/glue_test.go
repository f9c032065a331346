// aws-sdk-go-v2/service/glue against `dialcheck serve --auth sigv4`.
package sdk

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"maps"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
)

const region = "us-east-1"

// setting gives what the environment says. Without it the client would call Glue itself.
func setting(t *testing.T, name string) string {
	value := os.Getenv(name)
	if value == "" {
		t.Fatalf("expected %s in the environment", name)
	}
	return value
}

func client(t *testing.T) *glue.Client {
	keys := credentials.NewStaticCredentialsProvider(
		setting(t, "AWS_ACCESS_KEY_ID"), setting(t, "AWS_SECRET_ACCESS_KEY"), "")
	return glue.New(glue.Options{
		BaseEndpoint: aws.String(setting(t, "DIALCHECK_SIGNED_ENDPOINT")),
		Region:       region,
		Credentials:  keys,
	})
}

func jdbc(t *testing.T, name, password string) *types.ConnectionInput {
	return &types.ConnectionInput{
		Name:           aws.String(name),
		ConnectionType: types.ConnectionTypeJdbc,
		ConnectionProperties: map[string]string{
			"JDBC_CONNECTION_URL": fmt.Sprintf("jdbc:postgresql://localhost:%s/app", setting(t, "POSTGRES_PORT")),
			"USERNAME":            "alice",
			"PASSWORD":            password,
		},
	}
}

// passed ends the test where a call failed.
func passed[T any](t *testing.T) func(answer T, err error) T {
	return func(answer T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return answer
	}
}

// fails gives the exception that a call was answered by, at the first attempt and without a password.
func fails[E error](t *testing.T, err error) E {
	t.Helper()
	var exception E
	if !errors.As(err, &exception) {
		t.Fatalf("expected %T: %v", exception, err)
	}
	for _, name := range []string{"DIALCHECK_PASSWORD", "DIALCHECK_WRONG_PASSWORD"} {
		if strings.Contains(err.Error(), setting(t, name)) {
			t.Fatal("the exception shows a password")
		}
	}
	var exhausted *retry.MaxAttemptsError
	if errors.As(err, &exhausted) {
		t.Fatalf("the client tried again: %v", err)
	}
	return exception
}

func assertTags(t *testing.T, client *glue.Client, arn string, expected map[string]string) {
	t.Helper()
	answer := passed[*glue.GetTagsOutput](t)(client.GetTags(context.Background(), &glue.GetTagsInput{ResourceArn: &arn}))
	if !maps.Equal(answer.Tags, expected) {
		t.Fatalf("expected the tags %v: %v", expected, answer.Tags)
	}
}

func TestAConnectionFromItsCreationToItsDeletion(t *testing.T) {
	ctx, glueClient := context.Background(), client(t)
	name := "sdk-" + rand.Text()
	arn := fmt.Sprintf("arn:aws:glue:%s:123456789012:connection/%s", region, name)
	password := setting(t, "DIALCHECK_PASSWORD")

	created := passed[*glue.CreateConnectionOutput](t)(glueClient.CreateConnection(ctx, &glue.CreateConnectionInput{
		ConnectionInput: jdbc(t, name, password),
		Tags:            map[string]string{"team": "orders", "empty": ""},
	}))
	if created.CreateConnectionStatus != types.ConnectionStatusReady {
		t.Fatalf("expected READY: %s", created.CreateConnectionStatus)
	}
	assertTags(t, glueClient, arn, map[string]string{"team": "orders", "empty": ""})

	passed[*glue.TagResourceOutput](t)(glueClient.TagResource(ctx, &glue.TagResourceInput{
		ResourceArn: &arn, TagsToAdd: map[string]string{"team": "refunds", "cost": "7"},
	}))
	moved := jdbc(t, name, password)
	moved.Description = aws.String("Moved")
	passed[*glue.UpdateConnectionOutput](t)(glueClient.UpdateConnection(ctx, &glue.UpdateConnectionInput{
		Name: &name, ConnectionInput: moved,
	}))
	assertTags(t, glueClient, arn, map[string]string{"team": "refunds", "cost": "7", "empty": ""})

	read := passed[*glue.GetConnectionOutput](t)(glueClient.GetConnection(ctx, &glue.GetConnectionInput{
		Name: &name, HidePassword: true,
	})).Connection
	age := time.Since(aws.ToTime(read.CreationTime))
	if aws.ToString(read.Description) != "Moved" || read.Status != types.ConnectionStatusReady || age.Abs() > 10*time.Minute {
		t.Fatalf("expected the update: %+v", read)
	}
	delete(moved.ConnectionProperties, "PASSWORD")
	if !maps.Equal(read.ConnectionProperties, moved.ConnectionProperties) {
		t.Fatalf("expected the properties without the password: %v", len(read.ConnectionProperties))
	}

	tested := passed[*glue.TestConnectionOutput](t)(glueClient.TestConnection(ctx, &glue.TestConnectionInput{ConnectionName: &name}))
	if id, _ := middleware.GetRequestIDMetadata(tested.ResultMetadata); len(id) != 36 {
		t.Fatalf("expected a request id: %s", id)
	}

	passed[*glue.UntagResourceOutput](t)(glueClient.UntagResource(ctx, &glue.UntagResourceInput{
		ResourceArn: &arn, TagsToRemove: []string{"cost", "empty", "none"},
	}))
	assertTags(t, glueClient, arn, map[string]string{"team": "refunds"})

	passed[*glue.DeleteConnectionOutput](t)(glueClient.DeleteConnection(ctx, &glue.DeleteConnectionInput{ConnectionName: &name}))
	_, err := glueClient.GetTags(ctx, &glue.GetTagsInput{ResourceArn: &arn})
	fails[*types.EntityNotFoundException](t, err)
	_, err = glueClient.TestConnection(ctx, &glue.TestConnectionInput{ConnectionName: &name})
	fails[*types.EntityNotFoundException](t, err)
}

func TestAWrongPasswordIsAnExceptionOfTheSourceAndCostsOneCall(t *testing.T) {
	input := jdbc(t, "", setting(t, "DIALCHECK_WRONG_PASSWORD")+"-"+rand.Text())
	_, err := client(t).TestConnection(context.Background(), &glue.TestConnectionInput{
		TestConnectionInput: &types.TestConnectionInput{
			ConnectionType: input.ConnectionType, ConnectionProperties: input.ConnectionProperties,
		},
	})
	exception := fails[*types.FederationSourceException](t, err)
	if exception.FederationSourceErrorCode != types.FederationSourceErrorCodeInvalidCredentialsException {
		t.Fatalf("expected InvalidCredentialsException: %s", exception.FederationSourceErrorCode)
	}
	if !strings.HasPrefix(exception.ErrorMessage(), "auth: ") {
		t.Fatalf("expected the stage auth: %s", exception.ErrorMessage())
	}
}
